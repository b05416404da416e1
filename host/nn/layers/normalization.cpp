// SPDX-License-Identifier: MIT
// Normalization: shifts and scales values by a given mean and variance, or by those of the weights.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "compute/kernels/kernels.hpp"
#include "compute/kernels/normalizing.hpp"
#include "compute/parallel.hpp"
#include "kairos/host/array.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/repeated_values.hpp"

namespace kairos::host {

namespace {

constexpr NumberRange finite_number{-3e38, 3e38};

/// Appends the numbers of nested lists in order.
void append_numbers(const ConfigReader& config, std::string_view key, const nlohmann::json& value,
                    std::vector<float>& to) {
  if (value.is_array()) {
    for (const nlohmann::json& one : value) append_numbers(config, key, one, to);
    return;
  }
  if (!value.is_number() || value < finite_number.least || value > finite_number.most)
    config.bad_value(key, "numbers, in lists as \"axis\" has dimensions");
  to.push_back(value.get<float>());
}

/// keras/src/layers/preprocessing/normalization.py. Without given statistics, the state is mean, variance and
/// a count that Keras no longer uses; `adapt` of Keras fills it.
class NormalizationLayer final : public Layer {
 public:
  explicit NormalizationLayer(ConfigReader& config)
      : Layer(config, "Normalization"), invert_(config.boolean("invert", false)) {
    read_axes(config);
    for (const auto& [key, json, values] : {std::tuple{"mean", &mean_json_, &given_mean_},
                                            std::tuple{"variance", &variance_json_, &given_variance_}}) {
      const nlohmann::json* const value = config.take(key);
      if (value == nullptr) continue;
      *json = *value;
      append_numbers(config, key, *value, *values);
    }
    if (given_mean_.size() != given_variance_.size())
      config.bad_value("variance", "as many numbers as \"mean\" has");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    Shape kept(shape.size(), 1);
    for (const std::int64_t axis : axes_) {
      const std::int64_t dimension = axis < 0 ? axis + std::ssize(shape) : axis - 1;
      if (dimension < 0 || dimension >= std::ssize(shape))
        refuse_shape(shape, "dimensions that \"axis\" names, and not the batch");
      kept[static_cast<std::size_t>(dimension)] = shape[static_cast<std::size_t>(dimension)];
    }
    row_.place(kept, shape);
    rows_per_sample_ = size_of(shape) / row_.width();
    const std::int64_t n = size_of(kept);
    if (given_mean_.empty()) {
      Shape own;
      for (std::size_t i = 0; i < shape.size(); ++i)
        if (is_kept(i, shape.size())) own.push_back(shape[i]);
      add_state("mean", own);
      std::fill_n(add_state("variance", own).values.data(), n, 1.0F);
      add_state("count", {});
    } else if (const auto given = std::ssize(given_mean_); given != 1 && given != n) {
      refuse_shape(shape, std::to_string(given) + " values along \"axis\", as \"mean\" has");
    } else if (given == 1) {
      given_mean_.resize(static_cast<std::size_t>(n), given_mean_.front());
      given_variance_.resize(static_cast<std::size_t>(n), given_variance_.front());
    }
    deviation_.reserve(n);
    for (FloatBuffer* const buffer : {&center_, &factor_, &summand_}) buffer->reserve(row_.width());
    return shape;
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    prepare();
    const std::int64_t width = row_.width();
    rows_in_parallel(pass.batch * rows_per_sample_, width, least_values,
                     [&](std::int64_t begin, std::int64_t end) {
                       normalizing_kernels().normalize(end - begin, width, v.inputs.front() + begin * width,
                                                       center_.data(), factor_.data(), summand_.data(),
                                                       v.output + begin * width);
                     });
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const to = g.input_gradients.front();
    const std::int64_t width = row_.width(), n = pass.batch * rows_per_sample_ * width;
    for (std::int64_t at = 0; to != nullptr && at < n; at += width)
      kernels().multiply_each(width, g.output_gradient + at, factor_.data(), to + at);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["axis"] = axes_;
    config["invert"] = invert_;
    config["mean"] = mean_json_;
    config["variance"] = variance_json_;
  }

 private:
  void read_axes(ConfigReader& config) {
    const nlohmann::json* const value = config.take("axis");
    if (value == nullptr) {
      if (!config.is_null("axis")) axes_ = {-1};
      return;
    }
    for (const nlohmann::json& axis : value->is_array() ? *value : nlohmann::json::array({*value})) {
      if (!axis.is_number_integer() || axis == 0 || axis < -64 || axis > 64)
        config.bad_value("axis", "null, or a dimension or a list of dimensions that are not the batch");
      axes_.push_back(axis.get<std::int64_t>());
    }
  }

  [[nodiscard]] bool is_kept(std::size_t dimension, std::size_t rank) const {
    const auto number = static_cast<std::int64_t>(dimension) + 1;
    return std::any_of(axes_.begin(), axes_.end(), [&](std::int64_t axis) {
      return axis == number || axis + static_cast<std::int64_t>(rank) + 1 == number;
    });
  }

  /// Makes rows of the statistics, which a file or a callback may have changed.
  void prepare() {
    const bool given = !given_mean_.empty();
    const float* const mean = given ? given_mean_.data() : parameters()[0].values.data();
    const float* const variance = given ? given_variance_.data() : parameters()[1].values.data();
    const std::int64_t n = given ? std::ssize(given_mean_) : parameters()[0].size();
    constexpr float least = 1e-7F;  // Keras' epsilon
    for (std::int64_t i = 0; i < n; ++i) {
      const float deviation = std::max(std::sqrt(variance[i]), least);
      deviation_.data()[i] = invert_ ? deviation : 1 / deviation;
    }
    row_.repeat(mean, invert_ ? summand_.data() : center_.data());
    row_.repeat(deviation_.data(), factor_.data());
  }

  std::vector<std::int64_t> axes_;
  bool invert_;
  nlohmann::json mean_json_, variance_json_;  ///< as they were given; null if not
  std::vector<float> given_mean_, given_variance_;

  RepeatedValues row_;
  std::int64_t rows_per_sample_ = 0;
  FloatBuffer deviation_;                  ///< or its inverse
  FloatBuffer center_, factor_, summand_;  ///< of a row: y = (x - center) · factor + summand
};

}  // namespace

LayerType normalization_layer_type() {
  return {"Normalization", "normalization", {"axis"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<NormalizationLayer>(config);
          }};
}

}  // namespace kairos::host
