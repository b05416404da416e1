// SPDX-License-Identifier: MIT
// Layers that apply a configurable function to every value.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "nn/layer.hpp"

namespace kairos::host {

/// `Function` is constructed from the configuration, provides `value(x)` and `slope(x)`, both of the input,
/// and writes its arguments to the configuration.
template <typename Function>
class PointwiseLayer final : public Layer {
 public:
  PointwiseLayer(ConfigReader& config, std::string class_name)
      : Layer(config, std::move(class_name)), function_(config) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    size_ = size_of(inputs.front());
    return inputs.front();
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const std::int64_t n = pass.batch * size_;
    const float* const x = v.inputs.front();
    for (std::int64_t i = 0; i < n; ++i) v.output[i] = function_.value(x[i]);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const x_gradient = g.input_gradients.front();
    if (x_gradient == nullptr) return;
    const std::int64_t n = pass.batch * size_;
    const float* const x = g.inputs.front();
    for (std::int64_t i = 0; i < n; ++i) x_gradient[i] = g.output_gradient[i] * function_.slope(x[i]);
  }

 protected:
  void write_config(nlohmann::json& config) const override { function_.write(config); }

 private:
  Function function_;
  std::int64_t size_ = 0;
};

}  // namespace kairos::host
