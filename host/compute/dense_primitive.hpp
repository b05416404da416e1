// SPDX-License-Identifier: MIT
// The products of a dense layer with oneDNN's inner product, for one number of rows.
#pragma once

#include <cstdint>
#include <memory>

#include "compute/engine.hpp"

namespace kairos::host {

/// As DenseKernel, for a fixed number of rows. Executing allocates nothing in our code; oneDNN allocates a
/// few small blocks for its argument table on every call and frees them.
class DensePrimitives {
 public:
  DensePrimitives(ComputeEngine& engine, std::int64_t rows, std::int64_t inputs, std::int64_t units);
  ~DensePrimitives();

  void forward(const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kairos::host
