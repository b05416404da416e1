// SPDX-License-Identifier: MIT
// Activation functions under their Keras names, with gradients.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compute/elementwise.hpp"

namespace kairos::host {

/// What the gradient is computed from.
enum class ActivationNeeds {
  Output,  ///< the result is enough, so it may overwrite the input
  Input,   ///< the input must be kept
};

/// A function of whole rows.
struct RowFunction {
  void (*forward)(std::int64_t rows, std::int64_t width, const float* x, float* y);
  void (*backward)(std::int64_t rows, std::int64_t width, const float* kept, const float* y_gradient,
                   float* x_gradient);
};

/// A function of rows of `width` values. All but softmax, log_softmax, sparsemax and glu are elementwise.
struct Activation {
  std::string_view name;
  ActivationNeeds needs;
  PointwiseFunction of_values{};
  const RowFunction* of_rows = nullptr;  ///< null for an elementwise function
  std::int64_t inputs_per_output = 1;    ///< 2 if an output row is half as wide as its input row

  /// y may be x if the width does not change.
  void forward(std::int64_t rows, std::int64_t width, const float* x, float* y) const;
  /// `kept` is the input or the output, as `needs` says. x_gradient may be y_gradient if the width does not
  /// change.
  void backward(std::int64_t rows, std::int64_t width, const float* kept, const float* y_gradient,
                float* x_gradient) const;
  [[nodiscard]] bool keeps_width() const noexcept { return inputs_per_output == 1; }
};

/// Whether each output value depends on all values of its row.
[[nodiscard]] bool works_on_rows(const Activation& activation);
/// Whether the results are probabilities, each in 0 … 1.
[[nodiscard]] bool returns_probabilities(const Activation& activation);

/// The function with this name or alias ("swish" is silu), or null.
[[nodiscard]] const Activation* find_activation(std::string_view name);
[[nodiscard]] std::vector<std::string> activation_names();

}  // namespace kairos::host
