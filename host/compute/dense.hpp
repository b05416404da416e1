// SPDX-License-Identifier: MIT
// The products of a dense layer: y = x·kernel + bias, and its two gradients.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "compute/buffer.hpp"
#include "compute/dense_split.hpp"
#include "compute/engine.hpp"

namespace kairos::host {

/// How a product is computed. Results differ by rounding only, which is coarse for Bf16 and fine for all
/// others.
enum class DensePath {
  Auto,       ///< Plain for products so small that starting a primitive costs more than the work
  Plain,      ///< loops over the whole arrays
  Blocked,    ///< the same loops over copies that stay in the caches
  Primitive,  ///< oneDNN
  Split,      ///< in each thread on rows of the kernel of its own; see KernelParts
  Bf16,  ///< oneDNN on factors that are rounded to bfloat16; see DenseBf16 for what it asks of its caller
};

class DenseBf16;
class DensePrimitives;

/// All arrays are row-major: x [rows, inputs], kernel [inputs, units], bias [units], y [rows, units].
/// The first call with a number of rows makes what that number needs; later calls allocate nothing here.
/// Arrays are handed over with each call, so that a kernel can come to keep weights in a layout of its own
/// and fill the caller's plain array when someone looks at it.
class DenseKernel {
 public:
  DenseKernel(ComputeEngine& engine, std::int64_t inputs, std::int64_t units,
              DensePath path = DensePath::Auto);
  ~DenseKernel();

  /// `bias` may be null.
  void forward(std::int64_t rows, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t rows, const float* y_gradient, const float* kernel, float* x_gradient);
  /// `bias_gradient` may be null.
  void backward_weights(std::int64_t rows, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  [[nodiscard]] DensePath path(std::int64_t rows) const;
  float* scratch(std::int64_t rows);
  DensePrimitives& primitives(std::int64_t rows);

  ComputeEngine& engine_;
  std::int64_t inputs_;
  std::int64_t units_;
  DensePath path_;
  std::map<std::int64_t, std::unique_ptr<DensePrimitives>> by_rows_;
  std::unique_ptr<DenseBf16> bf16_;  ///< of DensePath::Bf16
  DenseSplit split_;
  FloatBuffer scratch_;  ///< of the loops: the kernel turned over, and columns that fill no vector
};

}  // namespace kairos::host
