// SPDX-License-Identifier: MIT
// EinsumDense: a product of input and kernel along the dimensions that an equation names.
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/batched_product.hpp"
#include "compute/dense.hpp"
#include "nn/layers/activated_product.hpp"
#include "nn/layers/arrangement.hpp"
#include "nn/layers/einsum_equation.hpp"
#include "nn/layers/row_bias.hpp"

namespace kairos::host {

namespace {

class EinsumDenseLayer final : public ActivatedProduct {
 public:
  explicit EinsumDenseLayer(ConfigReader& config)
      : ActivatedProduct(config, "EinsumDense", "kernel", has_bias(config)), equation_(read_einsum(config)) {
    equation_text_ = config.text("equation", "");
    bias_axes_ = read_bias_axes(config, equation_);
    const nlohmann::json* const value = config.take("output_shape");
    const char* const expected = "the sizes of the output without the batch; null for one of the input";
    if (value == nullptr) config.bad_value("output_shape", expected);
    for (const nlohmann::json& size : value->is_array() ? *value : nlohmann::json::array({*value})) {
      if (!size.is_null() && (!size.is_number_integer() || size < 1 || size > 2147483647))
        config.bad_value("output_shape", expected);
      output_shape_.push_back(size.is_null() ? -1 : size.get<std::int64_t>());
    }
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    plan_ = plan_einsum(equation_, inputs.front(), output_shape_, bias_axes_);
    if (!plan_.misfit.empty()) refuse_shape(inputs.front(), plan_.misfit);
    input_size_ = size_of(inputs.front());
    Shape input = inputs.front(), output = plan_.output;
    input.insert(input.begin(), 1);
    output.insert(output.begin(), 1);
    input_.place(std::move(input), plan_.input_order, true);
    kernel_.place(plan_.kernel, plan_.kernel_order, false);
    output_.place(std::move(output), plan_.output_order, true);
    if (plan_.shared == 1)
      product_.emplace(context.engine, plan_.summed, plan_.columns,
                       context.precision == Precision::Bf16 ? DensePath::Bf16 : DensePath::Auto);
    if (use_bias()) {
      bias_.place(plan_.bias, plan_.output);
      // A bias for each column of the only product is added by it.
      bias_of_product_ = plan_.shared == 1 && output_.in_order() && size_of(plan_.bias) == plan_.columns &&
                         bias_.width() == plan_.columns;
    }
    return build_weights(plan_.kernel, plan_.bias, plan_.output, context);
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Stop; }

 private:
  static bool has_bias(ConfigReader& config) { return config.take("bias_axes") != nullptr; }

  void reserve_product(std::int64_t batch) override {
    input_.reserve(batch);
    output_.reserve(batch);
    if (use_bias()) bias_.reserve(batch);
  }

  /// Of each product.
  [[nodiscard]] std::int64_t rows(std::int64_t batch) const {
    return batch * input_size_ / (plan_.shared * plan_.summed);
  }

  void multiply(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                float* y) override {
    x_ = input_.arranged(batch, x);
    const float* const factor = kernel_factor_ = kernel_.arranged(1, kernel);
    float* const to = output_.target(y);
    if (product_)
      product_->forward(rows(batch), x_, factor, bias_of_product_ ? bias : nullptr, to);
    else
      products_.multiply_each(plan_.shared, {rows(batch), plan_.columns, plan_.summed}, {x_, plan_.summed, 1},
                              {factor, plan_.columns, 1}, to);
    output_.put_back(batch, y);
    if (bias != nullptr && !bias_of_product_) bias_.add(batch, bias, y);
  }

  void backward_weights(std::int64_t batch, const float*, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient) override {
    const float* const from = output_.arranged(batch, y_gradient);
    float* const to = kernel_.target(kernel_gradient);
    if (product_)
      product_->backward_weights(rows(batch), x_, from, to, bias_of_product_ ? bias_gradient : nullptr);
    else
      products_.multiply_each(plan_.shared, {plan_.summed, plan_.columns, rows(batch)}, {x_, 1, plan_.summed},
                              {from, plan_.columns, 1}, to);
    kernel_.put_back(1, kernel_gradient);
    if (bias_gradient != nullptr && !bias_of_product_) bias_.gradient(batch, y_gradient, bias_gradient);
  }

  void backward_data(std::int64_t batch, const float* y_gradient, const float*, float* x_gradient) override {
    const float* const from = output_.arranged(batch, y_gradient);
    float* const to = input_.target(x_gradient);
    if (product_)
      product_->backward_data(rows(batch), from, kernel_factor_, to);
    else
      products_.multiply_each(plan_.shared, {rows(batch), plan_.summed, plan_.columns},
                              {from, plan_.columns, 1}, {kernel_factor_, 1, plan_.columns}, to);
    input_.put_back(batch, x_gradient);
  }

  void write_config(nlohmann::json& config) const override {
    ActivatedProduct::write_config(config);
    config["equation"] = equation_text_;
    config["bias_axes"] = bias_axes_ ? nlohmann::json(*bias_axes_) : nlohmann::json(nullptr);
    nlohmann::json sizes = nlohmann::json::array();
    for (const std::int64_t size : output_shape_)
      sizes.push_back(size < 0 ? nlohmann::json(nullptr) : nlohmann::json(size));
    config["output_shape"] = std::move(sizes);
    config["quantization_config"] = nullptr;
  }

  EinsumEquation equation_;
  std::string equation_text_;
  std::optional<std::string> bias_axes_;
  Shape output_shape_;

  EinsumPlan plan_;
  std::int64_t input_size_ = 0;
  Arrangement input_, kernel_, output_;
  std::optional<DenseKernel> product_;  ///< if there is one product
  BatchedProduct products_;             ///< otherwise
  RowBias bias_;
  bool bias_of_product_ = false;
  const float *x_ = nullptr, *kernel_factor_ = nullptr;  ///< as the last forward multiplied them
};

}  // namespace

LayerType einsum_dense_layer_type() {
  return {"EinsumDense",
          "einsumdense",
          {"equation", "output_shape", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<EinsumDenseLayer>(config);
          }};
}

}  // namespace kairos::host
