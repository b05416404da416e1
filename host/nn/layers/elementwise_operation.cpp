// SPDX-License-Identifier: MIT
// Elementwise operations of one or two arguments. Tensors of equal rank, and constants, are broadcast as in
// NumPy.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <utility>

#include "kairos/host/array.hpp"
#include "nn/layers/elementwise_functions.hpp"
#include "nn/layers/operation_layer.hpp"

namespace kairos::host {

namespace {

/// An argument of a loop.
struct Operand {
  const float* data;
  std::int64_t sample;          ///< stride between samples; 0 for a constant
  std::int64_t step;            ///< stride between values of a sample; 0 for a number
  const std::int64_t* offsets;  ///< of the value for each output value, if broadcast; else null

  [[nodiscard]] std::int64_t at(std::int64_t s, std::int64_t e) const {
    return s * sample + (offsets == nullptr ? e * step : offsets[e]);
  }
};

struct Extent {
  std::int64_t batch, size;
};

using Forward = void (*)(Extent, const Operand&, const Operand&, float*);
using Backward = void (*)(Extent, const Operand&, const Operand&, const float*, float*, float*);

/// `Function` provides value(a, b), a_slope(a, b) and b_slope(a, b).
template <typename Function>
void forward_loop(Extent n, const Operand& a, const Operand& b, float* y) {
  for (std::int64_t s = 0; s < n.batch; ++s)
    for (std::int64_t e = 0; e < n.size; ++e) *y++ = Function::value(a.data[a.at(s, e)], b.data[b.at(s, e)]);
}

/// Adds to the gradients that are not null.
template <typename Function>
void backward_loop(Extent n, const Operand& a, const Operand& b, const float* y_gradient, float* a_gradient,
                   float* b_gradient) {
  for (std::int64_t s = 0; s < n.batch; ++s)
    for (std::int64_t e = 0; e < n.size; ++e, ++y_gradient) {
      const float x = a.data[a.at(s, e)];
      const float z = b.data[b.at(s, e)];
      if (a_gradient != nullptr) a_gradient[a.at(s, e)] += Function::a_slope(x, z) * *y_gradient;
      if (b_gradient != nullptr) b_gradient[b.at(s, e)] += Function::b_slope(x, z) * *y_gradient;
    }
}

struct Type {
  std::string_view class_name;
  std::size_t arguments;
  Forward forward;
  Backward backward;
};

template <typename Function>
constexpr Type type(std::string_view class_name, std::size_t arguments) {
  return {class_name, arguments, forward_loop<Function>, backward_loop<Function>};
}

constexpr std::array types{
    type<Sum>("Add", 2),
    type<Difference>("Subtract", 2),
    type<Multiple>("Multiply", 2),
    type<Quotient>("Divide", 2),
    type<Quotient>("TrueDivide", 2),
    type<Largest>("Maximum", 2),
    type<Smallest>("Minimum", 2),
    type<Negation>("Negative", 1),
    type<Magnitude>("Absolute", 1),
    type<SecondPower>("Square", 1),
    type<Root>("Sqrt", 1),
    type<Exponential>("Exp", 1),
    type<Logarithm>("Log", 1),
    type<PowerOf>("Power", 2),
    type<Inverse>("Reciprocal", 1),
    type<InverseRoot>("Rsqrt", 1),
    type<ExponentialLessOne>("Expm1", 1),
    type<LogarithmOfOneMore>("Log1p", 1),
    type<Sine>("Sin", 1),
    type<Cosine>("Cos", 1),
    type<ErrorFunction>("Erf", 1),
    type<ApproximateGelu>("Gelu", 1),
    type<Step<sign_of>>("Sign", 1),
    type<Step<floor_of>>("Floor", 1),
    type<Step<ceiling_of>>("Ceil", 1),
    type<Step<rounded>>("Rint", 1),
    type<Truth<std::equal_to<float>>>("Equal", 2),
    type<Truth<std::not_equal_to<float>>>("NotEqual", 2),
    type<Truth<std::greater<float>>>("Greater", 2),
    type<Truth<std::greater_equal<float>>>("GreaterEqual", 2),
    type<Truth<std::less<float>>>("Less", 2),
    type<Truth<std::less_equal<float>>>("LessEqual", 2),
    type<Truth<std::logical_and<float>>>("LogicalAnd", 2),
    type<Truth<std::logical_or<float>>>("LogicalOr", 2),
    type<Truth<ExactlyOne>>("LogicalXor", 2),
    type<Truth<IsZero>>("LogicalNot", 1),
    type<Truth<Never>>("ZerosLike", 1),
    type<Truth<Always>>("OnesLike", 1),
};

constexpr Type exact_gelu = type<ExactGelu>("Gelu", 1);

class ElementwiseOperation final : public OperationLayer {
 public:
  ElementwiseOperation(ConfigReader& config, const Type& of, const std::vector<OperationArgument>& arguments)
      : OperationLayer(config, of.class_name), type_(of), arguments_(arguments) {
    require_arguments(config, of.class_name, arguments, of.arguments, true);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const std::vector<Shape> shapes = shapes_of(inputs);
    Shape output(inputs.front().size(), 1);
    for (const Shape& shape : shapes) {
      if (shape.size() != output.size()) refuse_shape(shape, "as many dimensions as the other argument has");
      for (std::size_t i = 0; i < shape.size(); ++i) {
        if (output[i] == 1) output[i] = shape[i];
        if (shape[i] != 1 && shape[i] != output[i])
          refuse_shape(shape, "a shape that can be broadcast to that of the other argument");
      }
    }
    check_broadcast(output);
    size_ = size_of(output);
    std::size_t input = 0;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      Argument& argument = prepared_[i];
      argument = {};
      if (shapes[i] != output && size_of(shapes[i]) > 1) argument.offsets = offsets_of(shapes[i], output);
      argument.step = size_of(shapes[i]) > 1 ? 1 : 0;
      if (is_constant(i)) continue;
      argument.input = input++;
      argument.sample = size_of(shapes[i]);
    }
    return output;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    type_.forward({pass.batch, size_}, operand(0, v.inputs), operand(1, v.inputs), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    std::array<float*, 2> gradients{};
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      if (is_constant(i)) continue;
      gradients[i] = g.input_gradients[prepared_[i].input];
      if (gradients[i] != nullptr) std::fill_n(gradients[i], pass.batch * prepared_[i].sample, 0.0F);
    }
    type_.backward({pass.batch, size_}, operand(0, g.inputs), operand(1, g.inputs), g.output_gradient,
                   gradients[0], gradients[1]);
  }

 private:
  struct Argument {
    std::size_t input = 0;
    std::int64_t sample = 0, step = 0;
    std::vector<std::int64_t> offsets;
  };

  [[nodiscard]] bool is_constant(std::size_t i) const {
    return arguments_[i].kind == OperationArgument::Kind::Constant;
  }

  /// The shapes of all arguments without the batch; a constant gets as many dimensions as the inputs have.
  [[nodiscard]] std::vector<Shape> shapes_of(std::span<const Shape> inputs) const {
    std::vector<Shape> shapes;
    std::size_t input = 0;
    const std::size_t rank = inputs.front().size();
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      if (!is_constant(i)) {
        shapes.push_back(inputs[input++]);
        continue;
      }
      Shape shape = arguments_[i].shape;
      if (shape.size() == rank + 1 && shape.front() == 1) shape.erase(shape.begin());
      if (shape.size() > rank)
        refuse_shape(inputs.front(), "a constant that is the same for every sample; its shape is " +
                                         shape_text(arguments_[i].shape));
      shape.insert(shape.begin(), rank - shape.size(), 1);
      shapes.push_back(std::move(shape));
    }
    return shapes;
  }

  /// For an operation with one argument, the second operand is an unused number.
  [[nodiscard]] Operand operand(std::size_t i, std::span<const float* const> inputs) const {
    static constexpr float unused = 0;
    if (i >= arguments_.size()) return {&unused, 0, 0, nullptr};
    const Argument& argument = prepared_[i];
    return {is_constant(i) ? arguments_[i].values.data() : inputs[argument.input], argument.sample,
            argument.step, argument.offsets.empty() ? nullptr : argument.offsets.data()};
  }

  [[nodiscard]] static std::vector<std::int64_t> offsets_of(const Shape& shape, const Shape& output) {
    std::vector<std::int64_t> offsets(static_cast<std::size_t>(size_of(output)));
    for (std::size_t e = 0; e < offsets.size(); ++e) {
      std::int64_t rest = static_cast<std::int64_t>(e);
      std::int64_t stride = 1;
      for (std::size_t d = output.size(); d-- > 0; rest /= output[d]) {
        if (shape[d] != 1) offsets[e] += rest % output[d] * stride;
        stride *= shape[d];
      }
    }
    return offsets;
  }

  const Type& type_;
  std::vector<OperationArgument> arguments_;
  std::array<Argument, 2> prepared_;
  std::int64_t size_ = 0;
};

std::unique_ptr<Layer> make(std::string_view class_name, ConfigReader& config,
                            const std::vector<OperationArgument>& arguments) {
  const Type* found =
      std::find_if(types.begin(), types.end(), [&](const Type& one) { return one.class_name == class_name; });
  if (class_name == "Gelu" && !config.boolean("approximate", true)) found = &exact_gelu;
  config.skip("dtype");  // of ZerosLike and OnesLike; all dtypes are float32 here
  return std::make_unique<ElementwiseOperation>(config, *found, arguments);
}

}  // namespace

std::vector<OperationType> elementwise_operations() {
  std::vector<OperationType> all;
  for (const Type& one : types) all.push_back({one.class_name, make});
  return all;
}

}  // namespace kairos::host
