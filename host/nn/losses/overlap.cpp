// SPDX-License-Identifier: MIT
// Dice and Tversky: how little targets and outputs overlap, each as a whole of many values. Without `axis`,
// all values of a batch are one whole.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "nn/losses/loss_types.hpp"

namespace kairos::host {

namespace {

/// 1 - top Σto / (target Σt + output Σo + both Σto + epsilon)
struct Overlap {
  double top, target, output, both;
};

class OverlapLoss final : public Loss {
 public:
  /// Without `axes` over all, the batch's among them.
  OverlapLoss(std::string_view name, Overlap overlap, std::optional<std::vector<std::int64_t>> axes)
      : name_(name), overlap_(overlap), axes_(std::move(axes)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t, const float*) const override { return ""; }

  /// Numbers the wholes of a sample by the axes that are kept.
  void take_shape(const std::vector<std::int64_t>& sample) override {
    const auto rank = std::ssize(sample) + 1;
    if (!axes_) return;
    std::vector<bool> summed(static_cast<std::size_t>(rank), false);
    for (const std::int64_t axis : *axes_) {
      const std::int64_t from_front = axis < 0 ? axis + rank : axis;
      if (from_front < 0 || from_front >= rank)
        refuse_output(name_, fmt::format("axis {}", axis),
                      fmt::format("an axis from {} to {}, where 0 is the batch", -rank, rank - 1),
                      "Give axes that the output has");
      summed[static_cast<std::size_t>(from_front)] = true;
    }
    joins_samples_ = summed.front();
    std::int64_t size = 1;
    for (const std::int64_t dimension : sample) size *= dimension;
    whole_of_.assign(static_cast<std::size_t>(size), 0);
    wholes_ = 1;
    for (std::int64_t axis = rank - 1, stride = 1; axis > 0; --axis) {
      const std::int64_t dimension = sample[static_cast<std::size_t>(axis - 1)];
      if (!summed[static_cast<std::size_t>(axis)]) {
        for (std::int64_t i = 0; i < size; ++i)
          whole_of_[static_cast<std::size_t>(i)] += i / stride % dimension * wholes_;
        wholes_ *= dimension;
      }
      stride *= dimension;
    }
  }

  [[nodiscard]] bool couples_samples() const override { return joins_samples_; }
  [[nodiscard]] double values_of_rows(std::int64_t samples, std::int64_t, bool weighted) const override {
    return static_cast<double>(joins_samples_ && !weighted ? wholes_ : wholes_ * samples);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    const std::int64_t samples = count(rows, features, target, output);
    const std::int64_t rows_of_one = rows / samples;
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      double sum = 0;
      for (std::int64_t i = 0; i < wholes_; ++i) sum += 1 - share(sums_of(sample, i)).value;
      std::fill_n(each + sample * rows_of_one, rows_of_one,
                  static_cast<float>(sum / static_cast<double>(wholes_)));
    }
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    const std::int64_t samples = count(rows, features, target, output);
    const std::int64_t rows_of_one = rows / samples, size = rows_of_one * features;
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      double factor = 0;
      for (std::int64_t row = 0; row < rows_of_one; ++row)
        factor += static_cast<double>(scale[sample * rows_of_one + row]);
      factor /= static_cast<double>(wholes_);
      for (std::int64_t i = 0; i < size; ++i) {
        const Share of = share(sums_of(sample, whole_of(i)));
        const double slope = of.by_both * static_cast<double>(target[sample * size + i]) + of.by_output;
        gradient[sample * size + i] = static_cast<float>(-factor * slope);
      }
    }
  }

 private:
  struct Sums {
    double both = 0, target = 0, output = 0;
  };
  /// The overlap, and its derivatives by Σto and by Σo.
  struct Share {
    double value, by_both, by_output;
  };

  [[nodiscard]] Share share(const Sums& sums) const {
    const double top = overlap_.top * sums.both;
    const double bottom = overlap_.target * sums.target + overlap_.output * sums.output +
                          overlap_.both * sums.both + static_cast<double>(loss_epsilon);
    const double square = bottom * bottom;
    return {top / bottom, (overlap_.top * bottom - top * overlap_.both) / square,
            -top * overlap_.output / square};
  }

  /// `position` counts from the first value of any sample.
  [[nodiscard]] std::int64_t whole_of(std::int64_t position) const {
    const std::int64_t size = std::ssize(whole_of_);
    return size == 0 ? 0 : whole_of_[static_cast<std::size_t>(position % size)];
  }
  [[nodiscard]] Sums& sums_of(std::int64_t sample, std::int64_t whole) const {
    return sums_[static_cast<std::size_t>(sample * wholes_ + whole)];
  }

  /// Fills sums_. Returns how many samples have wholes of their own: 1 if all are joined.
  std::int64_t count(std::int64_t rows, std::int64_t features, const float* target,
                     const float* output) const {
    const std::int64_t n = rows * features;
    const std::int64_t size = joins_samples_ ? n : std::ssize(whole_of_);
    const std::int64_t samples = n / std::max<std::int64_t>(size, 1);
    const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(samples, 1) * wholes_);
    if (sums_.size() < wanted) sums_.resize(wanted);
    std::fill(sums_.begin(), sums_.end(), Sums{});
    for (std::int64_t sample = 0; sample < samples; ++sample)
      for (std::int64_t i = 0; i < size; ++i) {
        const auto t = static_cast<double>(target[sample * size + i]);
        const auto o = static_cast<double>(output[sample * size + i]);
        Sums& sums = sums_of(sample, whole_of(i));
        sums.both += t * o;
        sums.target += t;
        sums.output += o;
      }
    return std::max<std::int64_t>(samples, 1);
  }

  std::string_view name_;
  Overlap overlap_;
  std::optional<std::vector<std::int64_t>> axes_;
  bool joins_samples_ = true;
  std::int64_t wholes_ = 1;             ///< of a sample, or of a batch whose samples are joined
  std::vector<std::int64_t> whole_of_;  ///< of each position of a sample; empty: all are one
  mutable std::vector<Sums> sums_;      ///< of the batch last counted
};

std::optional<std::vector<std::int64_t>> read_summed_axes(ConfigReader& config) {
  const nlohmann::json* value = config.take("axis");
  if (value == nullptr) return std::nullopt;
  const nlohmann::json list = value->is_array() ? *value : nlohmann::json::array({*value});
  std::vector<std::int64_t> axes;
  for (const nlohmann::json& one : list) {
    if (!one.is_number_integer()) config.bad_value("axis", "an axis, or a list of axes such as (1,2,3)");
    axes.push_back(one.get<std::int64_t>());
  }
  return axes;
}

}  // namespace

std::vector<LossType> overlap_losses() {
  return {
      {{"dice", "Dice"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         return std::make_unique<OverlapLoss>("dice", Overlap{2, 1, 1, 0}, read_summed_axes(config));
       }},
      {{"tversky", "Tversky"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         const double alpha = config.number("alpha", 0.5, {0, 1e6});
         const double beta = config.number("beta", 0.5, {0, 1e6});
         return std::make_unique<OverlapLoss>("tversky", Overlap{1, alpha, beta, 1 - alpha - beta},
                                              read_summed_axes(config));
       }},
  };
}

}  // namespace kairos::host
