// SPDX-License-Identifier: MIT
// Functions of single values and terms of losses, with derivatives, in one vectorized pass. Compiled for
// several levels of x86-64, like kernels.hpp. Results are accurate to about 1e-7 of the value; NaN stays NaN.
#pragma once

#include <cstdint>

namespace kairos::host {

/// Functions of one value. Arguments, where a function has any, are in parentheses.
enum class Function {
  Identity,
  Relu,
  LimitedRelu,  ///< (limit) relu of at most the limit
  GeneralRelu,  ///< (limit, slope below the threshold, threshold) of Keras' layer ReLU
  LeakyRelu,    ///< (slope below 0)
  Elu,          ///< (alpha), which is not 0
  Selu,
  Sigmoid,
  HardSigmoid,
  Tanh,
  Exponential,
  Softplus,
  Softsign,
  Silu,
  Gelu,
  HardSilu,
  HardTanh,
  HardShrink,
  SoftShrink,
  TanhShrink,
  LogSigmoid,
  Mish,
  SparsePlus,
  SparseSigmoid,
  Squareplus,
  Affine,  ///< (factor, summand)
  Count
};

/// Terms of losses: functions of a target and an output, whose derivative is by the output.
enum class Term {
  SquaredError,
  AbsoluteError,
  PercentageError,
  SquaredLogarithmicError,
  Huber,  ///< (delta)
  LogCosh,
  Poisson,
  BinaryCrossentropy,          ///< (label smoothing) of a probability
  BinaryCrossentropyOfLogits,  ///< (label smoothing)
  SmoothedError,               ///< (label smoothing) half of the squared error
  KlDivergence,
  Hinge,         ///< (factor, summand) that map a target to -1 or 1
  SquaredHinge,  ///< (factor, summand)
  Count
};

struct FunctionKernels {
  /// y may be x.
  void (*value)(std::int64_t n, const float* arguments, const float* x, float* y);
  /// x_gradient = y_gradient · slope, computed from the input or the output (see elementwise.cpp). x_gradient
  /// may be y_gradient.
  void (*gradient)(std::int64_t n, const float* arguments, const float* kept, const float* y_gradient,
                   float* x_gradient);
};

/// A row is `features` values. The order of summation depends on `features` alone.
struct TermRows {
  std::int64_t rows;
  std::int64_t features;
  const float* arguments;
  const float* target;
  const float* output;
};

struct TermKernels {
  /// each[row] = sum of the row's terms / divisor.
  void (*values)(const TermRows& rows, float divisor, float* each);
  /// gradient = slope · scale[row] / divisor. gradient may be the output.
  void (*gradient)(const TermRows& rows, float divisor, const float* scale, float* gradient);
};

struct FunctionTable {
  FunctionKernels functions[static_cast<int>(Function::Count)];
  /// Of each row. y may be x. x_gradient may be y_gradient.
  void (*softmax)(std::int64_t rows, std::int64_t width, const float* x, float* y);
  void (*softmax_gradient)(std::int64_t rows, std::int64_t width, const float* y, const float* y_gradient,
                           float* x_gradient);
  /// The largest value of the softmax of n values.
  float (*likeliest)(std::int64_t n, const float* x);
  void (*log_softmax)(std::int64_t rows, std::int64_t width, const float* x, float* y);
  void (*log_softmax_gradient)(std::int64_t rows, std::int64_t width, const float* y, const float* y_gradient,
                               float* x_gradient);
};

struct TermTable {
  TermKernels terms[static_cast<int>(Term::Count)];
};

/// The tables for the highest level that this processor supports.
[[nodiscard]] const FunctionTable& function_kernels() noexcept;
[[nodiscard]] const TermTable& term_kernels() noexcept;

}  // namespace kairos::host
