// SPDX-License-Identifier: MIT
// PReLU: x, or alpha · x for negative x, with trained alphas.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/kernels/layers.hpp"
#include "compute/parallel.hpp"
#include "compute/random.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/repeated_values.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

namespace {

/// alpha has the shape of a sample, with 1 for shared axes.
class PReluLayer final : public Layer {
 public:
  explicit PReluLayer(ConfigReader& config)
      : Layer(config, "PReLU"), alpha_options_(config, "alpha", "zeros") {
    const nlohmann::json* const value = config.take("shared_axes");
    if (value == nullptr) return;
    const char* const expected = "a list of dimensions of the sample, counted from 1";
    for (const nlohmann::json& axis : value->is_array() ? *value : nlohmann::json::array({*value})) {
      if (!axis.is_number_integer() || axis < 1 || axis > 64) config.bad_value("shared_axes", expected);
      shared_axes_.push_back(axis.get<std::int64_t>());
    }
    has_shared_axes_ = true;
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    Shape alpha = shape;
    for (const std::int64_t axis : shared_axes_) {
      if (axis > std::ssize(shape))
        refuse_shape(shape, "a dimension for each of \"shared_axes\", which are counted from 1");
      alpha[static_cast<std::size_t>(axis - 1)] = 1;
    }
    alpha_options_.apply(add_parameter("alpha", alpha), joined_key(context.key, 0));
    row_.place(alpha, shape);
    rows_per_sample_ = size_of(shape) / row_.width();
    alphas_.reserve(row_.width());
    if (trainable()) gradients_.reserve(2 * row_.width());
    return shape;
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const std::int64_t width = row_.width();
    row_.repeat(parameters()[0].values.data(), alphas_.data());
    rows_in_parallel(pass.batch * rows_per_sample_, width, least_values,
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t at = begin * width; at < end * width; at += width)
                         layer_kernels().prelu(width, alphas_.data(), v.inputs.front() + at, v.output + at);
                     });
  }

  /// Threads share the columns, so sums do not depend on their number.
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const std::int64_t width = row_.width(), rows = pass.batch * rows_per_sample_;
    float* const total = trainable() ? gradients_.data() : nullptr;
    float* const to = g.input_gradients.front();
    if (total != nullptr) std::fill_n(total, width, 0.0F);
    in_parallel(
        width, 1 + least_values / std::max<std::int64_t>(rows, 1),
        [&](std::int64_t begin, std::int64_t end) { add_columns(begin, end - begin, rows, g, total, to); });
    if (total != nullptr) row_.sum(total, parameters()[0].gradient.data());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    alpha_options_.write(config);
    config["shared_axes"] = has_shared_axes_ ? nlohmann::json(shared_axes_) : nlohmann::json(nullptr);
  }

 private:
  /// Sums blocks of rows before it adds them: there may be millions.
  void add_columns(std::int64_t first, std::int64_t count, std::int64_t rows, const LayerGradients& g,
                   float* total, float* to) {
    constexpr std::int64_t block = 256;
    const std::int64_t width = row_.width();
    float* const sum = total == nullptr ? nullptr : total + width + first;
    for (std::int64_t begin = 0; begin < rows; begin += block) {
      if (sum != nullptr) std::fill_n(sum, count, 0.0F);
      for (std::int64_t row = begin; row < std::min(begin + block, rows); ++row) {
        const std::int64_t at = row * width + first;
        layer_kernels().prelu_gradient(count, alphas_.data() + first, g.inputs.front() + at,
                                       g.output_gradient + at, sum, to == nullptr ? nullptr : to + at);
      }
      if (sum != nullptr) layer_kernels().add_scaled(count, sum, 1, total + first);
    }
  }

  WeightOptions alpha_options_;
  std::vector<std::int64_t> shared_axes_;
  bool has_shared_axes_ = false;
  RepeatedValues row_;
  std::int64_t rows_per_sample_ = 0;
  FloatBuffer alphas_;     ///< of a row
  FloatBuffer gradients_;  ///< of a row; then those of a block of rows
};

}  // namespace

LayerType prelu_layer_type() {
  return {"PReLU", "PReLU", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PReluLayer>(config);
          }};
}

}  // namespace kairos::host
