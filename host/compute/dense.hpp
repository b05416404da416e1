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

/// How a product is computed. Results differ only by rounding, which is coarse for Bf16.
enum class DensePath {
  Auto,       ///< chooses by size and processor
  Plain,      ///< our loops over the whole arrays
  Blocked,    ///< our loops over packed blocks that fit into the caches
  Primitive,  ///< oneDNN
  Split,      ///< each thread multiplies its own rows of the kernel; see KernelParts
  Bf16,       ///< oneDNN with factors rounded to bfloat16; see DenseBf16 for the preconditions
};

class DenseBf16;
class DensePrimitives;

/// All arrays are row-major: x [rows, inputs], kernel [inputs, units], bias [units], y [rows, units]. The
/// first call with a number of rows allocates what that number needs; later calls allocate nothing here.
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
  std::unique_ptr<DenseBf16> bf16_;  ///< for DensePath::Bf16
  DenseSplit split_;
  FloatBuffer scratch_;  ///< for the loops: the transposed kernel, and columns that do not fill a vector
};

}  // namespace kairos::host
