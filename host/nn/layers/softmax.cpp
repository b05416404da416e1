// SPDX-License-Identifier: MIT
// Softmax over the last dimensions.
#include <nlohmann/json.hpp>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/trailing_axes.hpp"

namespace kairos::host {

namespace {

class SoftmaxLayer final : public Layer {
 public:
  explicit SoftmaxLayer(ConfigReader& config)
      : Layer(config, "Softmax"), axes_(config), softmax_(*find_activation("softmax")) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    const auto count = static_cast<std::ptrdiff_t>(axes_.count(*this, shape));
    width_ = size_of(Shape(shape.end() - count, shape.end()));
    (void)activated_width(*this, softmax_, width_);
    rows_per_sample_ = size_of(shape) / width_;
    of_rows_ = width_ == shape.back();
    return shape;
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  [[nodiscard]] const Activation* last_activation() const override { return of_rows_ ? &softmax_ : nullptr; }
  bool keep_logits() override { return of_rows_; }
  [[nodiscard]] const float* logits(std::span<const float* const> inputs) const override {
    return inputs.front();
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    softmax_.forward(pass.batch * rows_per_sample_, width_, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    backward_through(softmax_, pass.batch * rows_per_sample_, width_, g);
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["axis"] = axes_.json(); }

 private:
  TrailingAxes axes_;
  const Activation& softmax_;
  bool of_rows_ = false;  ///< over the last dimension only
  std::int64_t width_ = 0;
  std::int64_t rows_per_sample_ = 0;
};

}  // namespace

// Its shorthand name is the class name, because softmax is an activation.
LayerType softmax_layer_type() {
  return {"Softmax", "Softmax", {"axis"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<SoftmaxLayer>(config);
          }};
}

}  // namespace kairos::host
