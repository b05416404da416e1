// SPDX-License-Identifier: MIT
// Activation functions by Keras' names, with their gradients.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

/// What a gradient is computed from.
enum class ActivationNeeds {
  Output,  ///< the function's result is enough, so it may overwrite its input
  Input,   ///< the input must be kept
};

/// A function over rows of `width` values; all but softmax, log_softmax, sparsemax and glu look at one value
/// at a time.
struct Activation {
  std::string_view name;
  ActivationNeeds needs;
  /// y may be x where it is as wide.
  void (*forward)(std::int64_t rows, std::int64_t width, const float* x, float* y);
  /// `kept` is the input or the output, as `needs` says. x_gradient may be y_gradient where it is as wide.
  void (*backward)(std::int64_t rows, std::int64_t width, const float* kept, const float* y_gradient,
                   float* x_gradient);
  std::int64_t inputs_per_output = 1;  ///< 2 where a row that comes out is half as wide

  [[nodiscard]] bool keeps_width() const noexcept { return inputs_per_output == 1; }
};

/// Whether the function looks at all values of a row for each that it gives.
[[nodiscard]] bool looks_at_rows(const Activation& activation);
/// Whether its results are probabilities: each in 0 … 1.
[[nodiscard]] bool gives_probabilities(const Activation& activation);

/// The function of that name or alias ("swish" is silu), or null.
[[nodiscard]] const Activation* find_activation(std::string_view name);
[[nodiscard]] std::vector<std::string> activation_names();

}  // namespace kairos::host
