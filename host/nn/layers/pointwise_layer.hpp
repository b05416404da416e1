// SPDX-License-Identifier: MIT
// Layers that apply a configurable function to every value.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "compute/elementwise.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// `Arguments` are constructed from the configuration, write themselves to it, and provide `function()`,
/// whose slope is of the output if `slope_is_of_output()`, else of the input.
template <typename Arguments>
class PointwiseLayer final : public Layer {
 public:
  PointwiseLayer(ConfigReader& config, std::string class_name)
      : Layer(config, std::move(class_name)), arguments_(config), function_(arguments_.function()) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    size_ = size_of(inputs.front());
    return inputs.front();
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    function_.value(pass.batch * size_, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const x_gradient = g.input_gradients.front();
    if (x_gradient == nullptr) return;
    const float* const kept = arguments_.slope_is_of_output() ? g.output : g.inputs.front();
    function_.gradient(pass.batch * size_, kept, g.output_gradient, x_gradient);
  }

 protected:
  void write_config(nlohmann::json& config) const override { arguments_.write(config); }

 private:
  Arguments arguments_;
  PointwiseFunction function_;
  std::int64_t size_ = 0;
};

}  // namespace kairos::host
