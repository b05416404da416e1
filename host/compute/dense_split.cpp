// SPDX-License-Identifier: MIT
// Each thread computes its own product, with our loops or oneDNN's sgemm.
#include "compute/dense_split.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/run_primitive.hpp"

namespace kairos::host {

namespace {

/// A factor [rows, columns] as arguments of sgemm: `trans` is 'T' if the array is the transposed factor, `ld`
/// its leading dimension. With one row or column the stride could be less than sgemm allows.
struct GemmFactor {
  GemmFactor(const MatrixView& view, std::int64_t rows, std::int64_t columns)
      : trans(view.column_stride == 1 ? 'N' : 'T'),
        ld(view.column_stride == 1 ? std::max(view.row_stride, columns)
                                   : std::max(view.column_stride, rows)) {}
  char trans;
  std::int64_t ld;
};

/// Runs on the calling thread alone: inside a parallel region oneDNN does not open another.
dnnl_status_t multiply_by_gemm(const LargeProduct& p) {
  const GemmFactor a(p.a, p.m, p.k), b(p.b, p.k, p.n);
  const HeldSignals held;
  return dnnl_sgemm(a.trans, b.trans, p.m, p.n, p.k, 1, p.a.data, a.ld, p.b.data, b.ld, 0, p.c, p.n);
}

}  // namespace

DenseSplit::DenseSplit(std::int64_t inputs, std::int64_t units, SplitBy by)
    : inputs_(inputs), units_(units), by_(by) {}

template <typename ProductOf>
void DenseSplit::multiply(const KernelParts& parts, const ProductOf& product_of) {
  const std::int64_t scratch = by_ == SplitBy::Loops ? blocked_scratch(product_of(parts.part(0))) : 0;
  scratch_.reserve(parts.count() * scratch);
  const dnnl_status_t status = parts.each([&](KernelParts::Part part) {
    if (by_ == SplitBy::Gemm) return multiply_by_gemm(product_of(part));
    multiply_blocked_alone(product_of(part), scratch_.data() + part.index * scratch);
    return dnnl_success;
  });
  check_product(status, "dense layer");
}

void DenseSplit::forward(std::int64_t rows, const float* x, const float* kernel, const float* bias,
                         float* y) {
  const KernelParts parts(inputs_, parallel_threads());
  const std::int64_t size = rows * units_;
  products_.reserve(parts.count() * size);
  multiply(parts, [&](KernelParts::Part part) -> LargeProduct {
    return {rows,
            units_,
            part.inputs,
            {x + part.first, inputs_, 1},
            {kernel + part.first * units_, units_, 1},
            products_.data() + part.index * size};
  });
  parts.join_sums(rows, units_, products_.data(), bias, y);
}

void DenseSplit::backward_data(std::int64_t rows, const float* y_gradient, const float* kernel,
                               float* x_gradient) {
  const KernelParts parts(inputs_, parallel_threads());
  products_.reserve(rows * inputs_);
  multiply(parts, [&](KernelParts::Part part) -> LargeProduct {
    return {rows,
            part.inputs,
            units_,
            {y_gradient, units_, 1},
            {kernel + part.first * units_, 1, units_},
            products_.data() + rows * part.first};
  });
  parts.join_columns(rows, products_.data(), x_gradient);
}

void DenseSplit::backward_weights(std::int64_t rows, const float* x, const float* y_gradient,
                                  float* kernel_gradient, float* bias_gradient) {
  multiply(KernelParts(inputs_, parallel_threads()), [&](KernelParts::Part part) -> LargeProduct {
    return {part.inputs,
            units_,
            rows,
            {x + part.first, 1, inputs_},
            {y_gradient, units_, 1},
            kernel_gradient + part.first * units_};
  });
  if (bias_gradient != nullptr) kernels().sum_rows(rows, units_, y_gradient, bias_gradient);
}

}  // namespace kairos::host
