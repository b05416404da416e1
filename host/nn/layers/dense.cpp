// SPDX-License-Identifier: MIT
// Dense: activation(input · kernel + bias) over the last dimension.
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/dense.hpp"
#include "compute/random.hpp"
#include "nn/initializer.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class DenseLayer final : public Layer {
 public:
  explicit DenseLayer(ConfigReader& config)
      : Layer(config, "Dense"),
        units_(config.required_integer("units", {1, 2147483647})),
        activation_(read_activation(config, "activation")),
        use_bias_(config.boolean("use_bias", true)),
        kernel_initializer_(read_initializer(config, "kernel_initializer", "glorot_uniform")),
        bias_initializer_(read_initializer(config, "bias_initializer", "zeros")),
        kernel_regularizer_(read_regularizer(config, "kernel_regularizer")),
        bias_regularizer_(read_regularizer(config, "bias_regularizer")) {
    const char* const cure = "Remove it from the layer";
    for (const char* key : {"activity_regularizer", "kernel_constraint", "bias_constraint", "lora_rank",
                            "lora_alpha", "quantization_config"})
      config.unsupported(key, nullptr, cure);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    Shape shape = inputs.front();
    if (shape.empty()) refuse_shape(shape, "at least one dimension");
    check_activation_width(*this, activation_, units_);
    inputs_ = shape.back();
    rows_per_sample_ = size_of(shape) / inputs_;
    Parameter& kernel = add_parameter("kernel", {inputs_, units_});
    kernel.regularizer = kernel_regularizer_;
    kernel_initializer_.fill(kernel.shape, joined_key(context.key, 0), kernel.values.data());
    if (use_bias_) {
      Parameter& bias = add_parameter("bias", {units_});
      bias.regularizer = bias_regularizer_;
      bias_initializer_.fill(bias.shape, joined_key(context.key, 1), bias.values.data());
    }
    product_.emplace(context.engine, inputs_, units_);
    shape.back() = units_;
    return shape;
  }

  void reserve(std::int64_t batch) override {
    if (activation_.needs == ActivationNeeds::Input)
      before_activation_.reserve(batch * rows_per_sample_ * units_);
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const Pass& pass, const LayerValues& v) override {
    const std::int64_t rows = pass.batch * rows_per_sample_;
    float* const sum = activation_.needs == ActivationNeeds::Input ? before_activation_.data() : v.output;
    const float* bias = use_bias_ ? parameters()[1].values.data() : nullptr;
    product_->forward(rows, v.inputs.front(), parameters()[0].values.data(), bias, sum);
    // Not as a post-op of the product: oneDNN's relu turns NaN into 0 and would hide that a run has broken.
    if (activation_.name != "linear") activation_.forward(rows, units_, sum, v.output);
  }

  void backward(const Pass& pass, const LayerGradients& g) override {
    const std::int64_t rows = pass.batch * rows_per_sample_;
    const float* kept = activation_.needs == ActivationNeeds::Input ? before_activation_.data() : g.output;
    if (activation_.name != "linear")
      activation_.backward(rows, units_, kept, g.output_gradient, g.output_gradient);
    if (trainable())
      product_->backward_weights(rows, g.inputs.front(), g.output_gradient, parameters()[0].gradient.data(),
                                 use_bias_ ? parameters()[1].gradient.data() : nullptr);
    if (g.input_gradients.front() != nullptr)
      product_->backward_data(rows, g.output_gradient, parameters()[0].values.data(),
                              g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["units"] = units_;
    config["activation"] = activation_.name;
    config["use_bias"] = use_bias_;
    config["kernel_initializer"] = kernel_initializer_.json();
    config["bias_initializer"] = bias_initializer_.json();
    config["kernel_regularizer"] = regularizer_json(kernel_regularizer_);
    config["bias_regularizer"] = regularizer_json(bias_regularizer_);
    for (const char* key : {"kernel_constraint", "bias_constraint", "quantization_config"})
      config[key] = nullptr;
  }

 private:
  std::int64_t units_;
  const Activation& activation_;
  bool use_bias_;
  Initializer kernel_initializer_;
  Initializer bias_initializer_;
  Regularizer kernel_regularizer_;
  Regularizer bias_regularizer_;

  std::int64_t inputs_ = 0;
  std::int64_t rows_per_sample_ = 0;
  std::optional<DenseKernel> product_;
  FloatBuffer before_activation_;
};

}  // namespace

LayerType dense_layer_type() {
  return {"Dense", "dense", {"units", "activation"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<DenseLayer>(config);
          }};
}

}  // namespace kairos::host
