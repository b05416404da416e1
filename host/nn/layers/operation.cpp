// SPDX-License-Identifier: MIT
// Operations that are not elementwise, and the registry of all operations.
#include "nn/layers/operation.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "kairos/host/error.hpp"
#include "nn/keras/object.hpp"
#include "nn/layer_registry.hpp"
#include "nn/layers/operation_layer.hpp"

namespace kairos::host {

void require_arguments(const ConfigReader& config, std::string_view class_name,
                       const std::vector<OperationArgument>& arguments, std::size_t count, bool numbers) {
  using Kind = OperationArgument::Kind;
  bool fits = arguments.size() == count;
  bool any_input = false;
  for (const OperationArgument& argument : arguments) {
    any_input = any_input || argument.kind == Kind::Inputs;
    fits = fits && argument.kind != Kind::Other &&
           (argument.kind == Kind::Constant ? numbers : argument.inputs == 1 && !argument.is_list);
  }
  if (fits && any_input) return;
  throw Error(ErrorKind::Model,
              {"KAIROS-M102", config.where(), "the operation is called with arguments that are not supported",
               std::to_string(arguments.size()) + (arguments.size() == 1 ? " argument" : " arguments"),
               std::to_string(count) + (numbers ? ", tensors and numbers, at least one tensor" : " tensor") +
                   " for " + std::string(class_name),
               "Write it with layers, such as keras.layers.Add()([a, b])"});
}

namespace {

/// An operation that a layer also computes.
class LayerOperation final : public OperationLayer {
 public:
  LayerOperation(ConfigReader& config, std::string_view class_name, std::string_view layer_class,
                 nlohmann::json arguments)
      : OperationLayer(config, class_name) {
    arguments["name"] = name();
    ConfigReader reader(arguments, config.where());
    layer_ = find_layer_type(layer_class)->make(reader);
    reader.finish();
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    masks_.resize(inputs.size());
    return layer_->build(inputs, context);
  }
  void reserve(std::int64_t batch) override { layer_->reserve(batch); }
  [[nodiscard]] const Activation* last_activation() const override { return layer_->last_activation(); }
  bool keep_logits() override { return layer_->keep_logits(); }
  [[nodiscard]] const float* logits(std::span<const float* const> inputs) const override {
    return layer_->logits(inputs);
  }
  void forward(const GraphPass& pass, const LayerValues& v) override {
    layer_->forward(pass, {v.inputs, v.output, masks_, nullptr});
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    layer_->backward(pass,
                     {g.inputs, g.output, g.output_gradient, g.input_gradients, masks_, g.logits_gradient});
  }

 private:
  std::unique_ptr<Layer> layer_;
  std::vector<Mask> masks_;  ///< null, because masks end at operations
};

std::unique_ptr<Layer> make_concatenate(std::string_view class_name, ConfigReader& config,
                                        const std::vector<OperationArgument>& arguments) {
  std::vector<OperationArgument> list = arguments;
  if (list.size() == 1 && list.front().is_list) list.front() = {};
  require_arguments(config, class_name, list, 1, false);
  const std::int64_t axis = config.optional_integer("axis", {-8, 8}).value_or(0);
  if (axis == 0) config.bad_value("axis", "an axis after the batch");
  return std::make_unique<LayerOperation>(config, class_name, "Concatenate", nlohmann::json{{"axis", axis}});
}

std::unique_ptr<Layer> make_activation(std::string_view class_name, ConfigReader& config,
                                       const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 1, false);
  return std::make_unique<LayerOperation>(config, class_name, "Activation",
                                          nlohmann::json{{"activation", snake_case(class_name)}});
}

std::unique_ptr<Layer> make_leaky_relu(std::string_view class_name, ConfigReader& config,
                                       const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 1, false);
  const double slope = config.number("negative_slope", 0.2, {-3e38, 3e38});
  return std::make_unique<LayerOperation>(config, class_name, "LeakyReLU",
                                          nlohmann::json{{"negative_slope", slope}});
}

std::unique_ptr<Layer> make_elu(std::string_view class_name, ConfigReader& config,
                                const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 1, false);
  const double alpha = config.number("alpha", 1, {-3e38, 3e38});
  return std::make_unique<LayerOperation>(config, class_name, "ELU", nlohmann::json{{"alpha", alpha}});
}

std::unique_ptr<Layer> make_softmax(std::string_view class_name, ConfigReader& config,
                                    const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 1, false);
  const std::int64_t axis = config.optional_integer("axis", {-8, 8}).value_or(-1);
  if (axis == 0) config.bad_value("axis", "an axis after the batch");
  return std::make_unique<LayerOperation>(config, class_name, "Softmax", nlohmann::json{{"axis", axis}});
}

class MaskedValue final : public OperationLayer {
 public:
  explicit MaskedValue(ConfigReader& config) : OperationLayer(config, "masked") {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    if (shape.size() < 2) refuse_shape(shape, "(timesteps, …), because the call has a mask");
    if (inputs[1] != Shape{shape.front()})
      refuse_shape(inputs[1], "a mask of one value per timestep, " + std::to_string(shape.front()));
    steps_ = shape.front();
    size_ = size_of(shape);
    return shape;
  }
  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Make; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    std::copy_n(v.inputs.front(), pass.batch * size_, v.output);
    for (std::int64_t i = 0; i < pass.batch * steps_; ++i)
      v.output_mask[i] = v.inputs[1][i] != 0 ? 1.0F : 0.0F;
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients[0] != nullptr)
      std::copy_n(g.output_gradient, pass.batch * size_, g.input_gradients[0]);
    if (g.input_gradients[1] != nullptr) std::fill_n(g.input_gradients[1], pass.batch * steps_, 0.0F);
  }

 private:
  std::int64_t steps_ = 0, size_ = 0;
};

/// Operations that a layer also computes.
std::vector<OperationType> layer_operations() {
  std::vector<OperationType> all{{"Concatenate", make_concatenate},
                                 {"Softmax", make_softmax},
                                 {"LeakyRelu", make_leaky_relu},
                                 {"Elu", make_elu}};
  for (const char* activation :
       {"Relu", "Relu6", "Sigmoid", "Tanh", "Softplus", "Softsign", "Silu", "HardSigmoid", "HardSilu", "Selu",
        "LogSigmoid", "HardTanh", "TanhShrink", "Squareplus", "SparsePlus", "SparseSigmoid"})
    all.push_back({activation, make_activation});
  return all;
}

const std::vector<OperationType>& operation_types() {
  static const std::vector<OperationType> types = [] {
    std::vector<OperationType> all = elementwise_operations();
    for (const auto& more : {layer_operations(), reduction_operations(), shape_operations(),
                             indexing_operations(), selecting_operations(), matrix_operations()})
      all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return types;
}

const OperationType* find_operation(std::string_view class_name) {
  for (const OperationType& one : operation_types())
    if (one.class_name == class_name) return &one;
  return nullptr;
}

}  // namespace

void require_operation(std::string_view class_name, const std::string& where) {
  if (find_operation(class_name) != nullptr) return;
  throw Error(
      ErrorKind::Model,
      {"KAIROS-M001", where, "the operation " + std::string(class_name) + " of keras.ops is not supported",
       "", "", "Write it with a layer. " + suggest(class_name, operation_names())});
}

std::unique_ptr<Layer> make_operation(std::string_view class_name, ConfigReader& config,
                                      const std::vector<OperationArgument>& arguments) {
  require_operation(class_name, config.where());
  return find_operation(class_name)->make(class_name, config, arguments);
}

bool is_operation(std::string_view class_name) {
  return find_operation(class_name) != nullptr;
}

std::vector<std::string> operation_names() {
  std::vector<std::string> names;
  for (const OperationType& one : operation_types()) names.emplace_back(one.class_name);
  return names;
}

std::unique_ptr<Layer> make_masked(const std::string& name) {
  const nlohmann::json json{{"name", name}};
  ConfigReader config(json, layer_noun(name, "mask"));
  return std::make_unique<MaskedValue>(config);
}

}  // namespace kairos::host
