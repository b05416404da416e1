// SPDX-License-Identifier: MIT
// RMSNormalization and UnitNormalization: divide rows by the root of their mean square, or by their length.
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/row_scaler.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/trailing_axes.hpp"

namespace kairos::host {

namespace {

/// RMSNormalization has a weight that scales the result.
class RowScalingLayer final : public Layer {
 public:
  RowScalingLayer(ConfigReader& config, std::string class_name, bool mean_square)
      : Layer(config, std::move(class_name)), mean_square_(mean_square), axes_(config) {
    if (mean_square) epsilon_ = config.number("epsilon", 1e-6, {0, 1e30});
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    const Shape row(shape.end() - static_cast<std::ptrdiff_t>(axes_.count(*this, shape)), shape.end());
    const std::int64_t width = size_of(row);
    rows_per_sample_ = size_of(shape) / width;
    // Keras limits the factor of UnitNormalization, and not that of RMSNormalization.
    if (mean_square_)
      scaler_.emplace(width, 1.0F / static_cast<float>(width), static_cast<float>(epsilon_),
                      std::numeric_limits<float>::infinity());
    else
      scaler_.emplace(width, 1.0F, 0.0F, 1e12F);
    if (mean_square_) {
      Parameter& scale = add_parameter("scale", row);
      std::fill_n(scale.values.data(), width, 1.0F);
    }
    return shape;
  }

  void reserve(std::int64_t batch) override { scaler_->reserve(batch * rows_per_sample_); }

  [[nodiscard]] MaskRule mask_rule(bool) const override {
    return mean_square_ ? MaskRule::Stop : MaskRule::Pass;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    scaler_->forward(pass.batch * rows_per_sample_, v.inputs.front(), scale(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    scaler_->backward(pass.batch * rows_per_sample_, g.inputs.front(), scale(), g.output_gradient,
                      mean_square_ && trainable() ? parameters()[0].gradient.data() : nullptr,
                      g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["axis"] = axes_.json();
    if (mean_square_) config["epsilon"] = epsilon_;
  }

 private:
  [[nodiscard]] const float* scale() { return mean_square_ ? parameters()[0].values.data() : nullptr; }

  bool mean_square_;
  TrailingAxes axes_;
  double epsilon_ = 0;
  std::int64_t rows_per_sample_ = 0;
  std::optional<RowScaler> scaler_;
};

}  // namespace

LayerType rms_normalization_layer_type() {
  return {"RMSNormalization", "rmsnorm", {"epsilon"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RowScalingLayer>(config, "RMSNormalization", true);
          }};
}

LayerType unit_normalization_layer_type() {
  return {"UnitNormalization", "unitnorm", {"axis"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RowScalingLayer>(config, "UnitNormalization", false);
          }};
}

}  // namespace kairos::host
