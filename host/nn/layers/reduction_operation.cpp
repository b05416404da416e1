// SPDX-License-Identifier: MIT
// Reductions of keras.ops over dimensions of the sample.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "nn/layers/operation_layer.hpp"

namespace kairos::host {

namespace {

enum class Reduce { Mean, Sum, Max, Min, Product, Variance, Deviation, LogSumExp, Any, All };
constexpr std::array<std::string_view, 10> reductions{"Mean", "Sum", "Max",       "Min", "Prod",
                                                      "Var",  "Std", "Logsumexp", "Any", "All"};

/// A group of values that become one; value i is at begin[offsets[i]].
struct Group {
  const float* begin;
  const std::vector<std::int64_t>& offsets;

  [[nodiscard]] double at(std::size_t i) const { return static_cast<double>(begin[offsets[i]]); }
  [[nodiscard]] std::size_t size() const { return offsets.size(); }
  [[nodiscard]] double mean() const {
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) sum += at(i);
    return sum / static_cast<double>(size());
  }
  [[nodiscard]] double variance() const {
    const double centre = mean();
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) sum += (at(i) - centre) * (at(i) - centre);
    return sum / static_cast<double>(size());
  }
  /// NaN if any value is.
  [[nodiscard]] double largest(double sign) const {
    double best = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < size(); ++i)
      if (sign * at(i) > best || std::isnan(at(i))) best = sign * at(i);
    return sign * best;
  }
  [[nodiscard]] double log_sum_exp() const {
    const double most = largest(1);
    if (std::isinf(most)) return most;
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) sum += std::exp(at(i) - most);
    return most + std::log(sum);
  }
  [[nodiscard]] std::size_t true_values() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < size(); ++i) count += at(i) != 0 ? 1 : 0;
    return count;
  }
};

double reduced(Reduce kind, const Group& group) {
  double product = 1;
  switch (kind) {
    case Reduce::Mean:
      return group.mean();
    case Reduce::Sum:
      return group.mean() * static_cast<double>(group.size());
    case Reduce::Max:
      return group.largest(1);
    case Reduce::Min:
      return group.largest(-1);
    case Reduce::Product:
      for (std::size_t i = 0; i < group.size(); ++i) product *= group.at(i);
      return product;
    case Reduce::Variance:
      return group.variance();
    case Reduce::Deviation:
      return std::sqrt(group.variance());
    case Reduce::LogSumExp:
      return group.log_sum_exp();
    case Reduce::Any:
      return group.true_values() > 0 ? 1 : 0;
    case Reduce::All:
      return group.true_values() == group.size() ? 1 : 0;
  }
  return 0;
}

/// d result / d value i.
double slope(Reduce kind, const Group& group, double result, double ties, double centre, std::size_t i) {
  const auto n = static_cast<double>(group.size());
  double others = 1;
  switch (kind) {
    case Reduce::Mean:
      return 1 / n;
    case Reduce::Sum:
      return 1;
    case Reduce::Max:
    case Reduce::Min:  // equal values share the gradient
      return group.at(i) == result ? 1 / ties : 0;
    case Reduce::Product:
      for (std::size_t k = 0; k < group.size(); ++k) others *= k == i ? 1 : group.at(k);
      return others;
    case Reduce::Variance:
      return 2 * (group.at(i) - centre) / n;
    case Reduce::Deviation:
      return result == 0 ? 0 : (group.at(i) - centre) / (n * result);
    case Reduce::LogSumExp:
      return std::exp(group.at(i) - result);
    case Reduce::Any:
    case Reduce::All:
      return 0;
  }
  return 0;
}

class Reduction final : public OperationLayer {
 public:
  Reduction(ConfigReader& config, std::string_view class_name, Reduce kind)
      : OperationLayer(config, class_name), kind_(kind), keep_(config.boolean("keepdims", false)) {
    axes_ = read_integers(config, "axis");
    if (axes_.empty() || std::count(axes_.begin(), axes_.end(), 0) > 0)
      config.bad_value("axis", "axes after the batch, because samples stay separate");
    config.unsupported("initial", nullptr, "Leave it out");
    config.skip("dtype");  // all values are float32
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    std::vector<char> taken(shape.size(), 0);
    for (const std::int64_t axis : axes_) {
      const std::int64_t at = sample_axis(axis, shape.size());
      if (at < 0) refuse_shape(shape, "samples with an axis " + std::to_string(axis));
      taken[static_cast<std::size_t>(at)] = 1;
    }
    size_ = size_of(shape);
    Shape output;
    offsets_ = begins_ = {0};
    std::int64_t stride = size_;
    for (std::size_t d = 0; d < shape.size(); ++d) {
      stride /= shape[d];
      extend(taken[d] != 0 ? offsets_ : begins_, shape[d], stride);
      if (taken[d] == 0)
        output.push_back(shape[d]);
      else if (keep_)
        output.push_back(1);
    }
    return output;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    float* y = v.output;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (const std::int64_t begin : begins_)
        *y++ = static_cast<float>(reduced(kind_, {v.inputs.front() + row * size_ + begin, offsets_}));
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const into = g.input_gradients.front();
    if (into == nullptr) return;
    const float* dy = g.output_gradient;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (const std::int64_t begin : begins_) {
        const std::int64_t first = row * size_ + begin;
        backward_group({g.inputs.front() + first, offsets_}, static_cast<double>(*dy++), into + first);
      }
  }

 private:
  /// All sums of an old offset and a position along the dimension.
  static void extend(std::vector<std::int64_t>& offsets, std::int64_t count, std::int64_t stride) {
    std::vector<std::int64_t> all;
    for (const std::int64_t before : offsets)
      for (std::int64_t i = 0; i < count; ++i) all.push_back(before + i * stride);
    offsets = std::move(all);
  }

  void backward_group(const Group& group, double dy, float* into) const {
    const double result = reduced(kind_, group);
    const bool extreme = kind_ == Reduce::Max || kind_ == Reduce::Min;
    double ties = 0;
    for (std::size_t i = 0; extreme && i < group.size(); ++i) ties += group.at(i) == result ? 1 : 0;
    const double centre = kind_ == Reduce::Variance || kind_ == Reduce::Deviation ? group.mean() : 0;
    for (std::size_t i = 0; i < group.size(); ++i)
      into[offsets_[i]] = static_cast<float>(dy * slope(kind_, group, result, ties, centre, i));
  }

  Reduce kind_;
  bool keep_;
  std::vector<std::int64_t> axes_;
  std::int64_t size_ = 0;
  std::vector<std::int64_t> begins_;   ///< of each group in a sample
  std::vector<std::int64_t> offsets_;  ///< of each value in its group
};

std::unique_ptr<Layer> make_reduction(std::string_view class_name, ConfigReader& config,
                                      const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 1, false);
  const auto at = std::find(reductions.begin(), reductions.end(), class_name) - reductions.begin();
  return std::make_unique<Reduction>(config, class_name, static_cast<Reduce>(at));
}

}  // namespace

std::vector<OperationType> reduction_operations() {
  std::vector<OperationType> all;
  for (const std::string_view name : reductions) all.push_back({name, make_reduction});
  return all;
}

}  // namespace kairos::host
