// SPDX-License-Identifier: MIT
// Dense: activation(input · kernel + bias) over the last dimension.
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/dense.hpp"
#include "compute/random.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/product_activation.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

namespace {

class DenseLayer final : public Layer {
 public:
  explicit DenseLayer(ConfigReader& config)
      : Layer(config, "Dense"),
        units_(config.required_integer("units", {1, 2147483647})),
        activation_(config),
        use_bias_(config.boolean("use_bias", true)),
        kernel_(config, "kernel", "glorot_uniform"),
        bias_(config, "bias", "zeros") {}

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    Shape shape = inputs.front();
    if (shape.empty()) refuse_shape(shape, "at least one dimension");
    inputs_ = shape.back();
    rows_per_sample_ = size_of(shape) / inputs_;
    kernel_.apply(add_parameter("kernel", {inputs_, units_}), joined_key(context.key, 0));
    if (use_bias_) bias_.apply(add_parameter("bias", {units_}), joined_key(context.key, 1));
    product_.emplace(context.engine, inputs_, units_,
                     context.precision == Precision::Bf16 ? DensePath::Bf16 : DensePath::Auto);
    shape.back() = units_;
    return activation_.build(*this, std::move(shape), context);
  }

  void reserve(std::int64_t batch) override { activation_.reserve(batch); }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }
  [[nodiscard]] const Activation* last_activation() const override { return activation_.last_activation(); }
  bool keep_logits() override { return activation_.keep_logits(); }
  [[nodiscard]] const float* logits(std::span<const float* const>) const override {
    return activation_.logits();
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const std::int64_t rows = pass.batch * rows_per_sample_;
    const float* bias = use_bias_ ? parameters()[1].values.data() : nullptr;
    product_->forward(rows, v.inputs.front(), parameters()[0].values.data(), bias,
                      activation_.product(v.output));
    activation_.forward(pass, v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const std::int64_t rows = pass.batch * rows_per_sample_;
    float* const gradient = activation_.backward(pass, g);
    if (trainable())
      product_->backward_weights(rows, g.inputs.front(), gradient, parameters()[0].gradient.data(),
                                 use_bias_ ? parameters()[1].gradient.data() : nullptr);
    if (g.input_gradients.front() != nullptr)
      product_->backward_data(rows, gradient, parameters()[0].values.data(), g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["units"] = units_;
    config["activation"] = activation_.json();
    config["use_bias"] = use_bias_;
    kernel_.write(config);
    bias_.write(config);
    config["quantization_config"] = nullptr;
  }

 private:
  std::int64_t units_;
  ProductActivation activation_;
  bool use_bias_;
  WeightOptions kernel_;
  WeightOptions bias_;

  std::int64_t inputs_ = 0;
  std::int64_t rows_per_sample_ = 0;
  std::optional<DenseKernel> product_;
};

}  // namespace

LayerType dense_layer_type() {
  return {"Dense", "dense", {"units", "activation"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<DenseLayer>(config);
          }};
}

}  // namespace kairos::host
