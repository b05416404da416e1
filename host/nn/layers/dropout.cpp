// SPDX-License-Identifier: MIT
// Dropout: in training, sets a fraction `rate` of the values to 0 and scales the others by 1 / (1 - rate).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/vector.hpp"
#include "nn/layers/draw_seed.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class DropoutLayer final : public Layer {
 public:
  explicit DropoutLayer(ConfigReader& config)
      : Layer(config, "Dropout"), rate_(config.required_number("rate", {0, 1})), seed_(config) {}

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    seed_.build(context);
    size_ = size_of(inputs.front());
    return inputs.front();
  }

  void reserve(std::int64_t batch) override { factors_.reserve(batch * size_); }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const std::int64_t n = pass.batch * size_;
    const float* const input = v.inputs.front();
    if (pass.mode != Mode::Train || rate_ == 0) {
      std::copy_n(input, n, v.output);
      return;
    }
    draw_dropout_factors(seed_.key(pass), rate_, n, factors_.data(), input, v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const input_gradient = g.input_gradients.front();
    if (input_gradient == nullptr) return;
    const std::int64_t n = pass.batch * size_;
    if (pass.mode != Mode::Train || rate_ == 0) {
      std::copy_n(g.output_gradient, n, input_gradient);
      return;
    }
    multiply_each(n, g.output_gradient, factors_.data(), input_gradient);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["rate"] = rate_;
    config["seed"] = seed_.json();
    config["noise_shape"] = nullptr;
  }

 private:
  double rate_;
  DrawSeed seed_;
  std::int64_t size_ = 0;
  FloatBuffer factors_;
};

}  // namespace

LayerType dropout_layer_type() {
  return {"Dropout", "dropout", {"rate"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<DropoutLayer>(config);
          }};
}

}  // namespace kairos::host
