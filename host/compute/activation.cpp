// SPDX-License-Identifier: MIT
// Activations by name. The formulas are in kernels/elementwise.cpp and row_activations.hpp.
#include "compute/activation.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "compute/parallel.hpp"
#include "compute/row_activations.hpp"

namespace kairos::host {

namespace {

constexpr RowFunction softmax{softmax_forward, softmax_backward};
constexpr RowFunction log_softmax{log_softmax_forward, log_softmax_backward};
constexpr RowFunction glu{glu_forward, glu_backward};
constexpr RowFunction sparsemax{sparsemax_forward, sparsemax_backward};

constexpr auto of_input = ActivationNeeds::Input, of_output = ActivationNeeds::Output;

/// Slopes must be of the input or the output as in kernels/elementwise.cpp.
constexpr std::array activations{
    Activation{"linear", of_output, {Function::Identity}},
    Activation{"relu", of_output, {Function::Relu}},
    Activation{"sigmoid", of_output, {Function::Sigmoid}},
    Activation{"tanh", of_output, {Function::Tanh}},
    Activation{"softmax", of_output, {}, &softmax},
    Activation{"elu", of_output, {Function::Elu, {1}}},
    Activation{"exponential", of_output, {Function::Exponential}},
    Activation{"gelu", of_input, {Function::Gelu}},
    Activation{"hard_sigmoid", of_output, {Function::HardSigmoid}},
    Activation{"leaky_relu", of_output, {Function::LeakyRelu, {0.2F}}},
    Activation{"relu6", of_output, {Function::LimitedRelu, {6}}},
    Activation{"selu", of_output, {Function::Selu}},
    Activation{"silu", of_input, {Function::Silu}},
    Activation{"softplus", of_input, {Function::Softplus}},
    Activation{"softsign", of_input, {Function::Softsign}},
    Activation{"celu", of_output, {Function::Elu, {1}}},  // with Keras' alpha
    Activation{"glu", of_input, {}, &glu, 2},
    Activation{"hard_shrink", of_output, {Function::HardShrink}},
    Activation{"hard_silu", of_input, {Function::HardSilu}},
    Activation{"hard_tanh", of_output, {Function::HardTanh}},
    Activation{"log_sigmoid", of_input, {Function::LogSigmoid}},
    Activation{"log_softmax", of_output, {}, &log_softmax},
    Activation{"mish", of_input, {Function::Mish}},
    Activation{"soft_shrink", of_output, {Function::SoftShrink}},
    Activation{"sparse_plus", of_input, {Function::SparsePlus}},
    Activation{"sparse_sigmoid", of_output, {Function::SparseSigmoid}},
    Activation{"sparsemax", of_output, {}, &sparsemax},
    Activation{"squareplus", of_input, {Function::Squareplus}},
    Activation{"tanh_shrink", of_input, {Function::TanhShrink}},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> aliases{
    {{"swish", "silu"}, {"hard_swish", "hard_silu"}}};

constexpr std::array<std::string_view, 5> probability_functions{"softmax", "sigmoid", "hard_sigmoid",
                                                                "sparsemax", "sparse_sigmoid"};

}  // namespace

void Activation::forward(std::int64_t rows, std::int64_t width, const float* x, float* y) const {
  if (of_rows == nullptr) return of_values.value(rows * width, x, y);
  rows_in_parallel(rows, width, least_values, [=, this](std::int64_t begin, std::int64_t end) {
    of_rows->forward(end - begin, width, x + begin * width, y + begin * width / inputs_per_output);
  });
}

void Activation::backward(std::int64_t rows, std::int64_t width, const float* kept, const float* y_gradient,
                          float* x_gradient) const {
  if (of_rows == nullptr) return of_values.gradient(rows * width, kept, y_gradient, x_gradient);
  rows_in_parallel(rows, width, least_values, [=, this](std::int64_t begin, std::int64_t end) {
    of_rows->backward(end - begin, width, kept + begin * width,
                      y_gradient + begin * width / inputs_per_output, x_gradient + begin * width);
  });
}

bool works_on_rows(const Activation& activation) {
  return activation.of_rows != nullptr && activation.keeps_width();
}

bool returns_probabilities(const Activation& activation) {
  return std::find(probability_functions.begin(), probability_functions.end(), activation.name) !=
         probability_functions.end();
}

const Activation* find_activation(std::string_view name) {
  for (const auto& [alias, meant] : aliases)
    if (name == alias) name = meant;
  for (const Activation& activation : activations)
    if (activation.name == name) return &activation;
  return nullptr;
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const Activation& activation : activations) names.emplace_back(activation.name);
  return names;
}

}  // namespace kairos::host
