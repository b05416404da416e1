// SPDX-License-Identifier: MIT
// The products of a dense layer for two threads or more, each of which keeps its own rows of the kernel.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"

namespace kairos::host {

/// As DenseKernel, for one row at least. The inputs are dealt to the threads, and with them the rows of the
/// kernel and of its gradient, as update.hpp deals them: between steps no line of either has to come from
/// another core's cache, which costs more than the arithmetic on it. What the threads exchange are
/// activations: the forward product is a sum of one product for each of them, and so is rounded as no other
/// path's.
class DenseSplit {
 public:
  DenseSplit(std::int64_t inputs, std::int64_t units);

  /// Whether each of `threads` has enough to do, and an exchange of that many rows is the smaller one.
  [[nodiscard]] static bool pays(std::int64_t threads, std::int64_t rows, std::int64_t inputs,
                                 std::int64_t units);

  void forward(std::int64_t rows, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t rows, const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(std::int64_t rows, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  struct Part {
    std::int64_t index, first, inputs;
  };
  [[nodiscard]] std::int64_t share() const;
  template <typename Work>
  std::int64_t each_part(Work&& work);

  std::int64_t inputs_;
  std::int64_t units_;
  FloatBuffer partial_;  ///< what each thread has computed alone
};

}  // namespace kairos::host
