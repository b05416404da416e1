// SPDX-License-Identifier: MIT
// The products of a dense layer for two threads or more, each of which keeps its own rows of the kernel.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"

namespace kairos::host {

/// As DenseKernel, for one row at least. See KernelParts.
class DenseSplit {
 public:
  DenseSplit(std::int64_t inputs, std::int64_t units);

  void forward(std::int64_t rows, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t rows, const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(std::int64_t rows, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  std::int64_t inputs_;
  std::int64_t units_;
  FloatBuffer products_;  ///< what each thread has computed alone
};

}  // namespace kairos::host
