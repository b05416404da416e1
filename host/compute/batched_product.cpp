// SPDX-License-Identifier: MIT
// Each product on one thread, by our loops: the factors of a head fit into the caches.
#include "compute/batched_product.hpp"

#include "compute/parallel.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

/// Floats per cache line; threads must not share lines.
constexpr std::int64_t cache_line_floats = 16;

void multiply_one(const ProductBatch& batch, std::int64_t outer, std::int64_t inner, float* scratch) {
  const auto offset = [&](const auto& of) { return outer * of.outer_stride + inner * of.inner_stride; };
  MatrixView a = batch.a.first;
  a.data += offset(batch.a);
  const float* b = batch.b.first.data + offset(batch.b);
  Product product{batch.m, batch.n, batch.k, a, b, batch.c.first + offset(batch.c)};
  product.ldc = batch.c.ldc;
  product.ldb = batch.b.first.row_stride;
  if (batch.b.first.column_stride != 1) {
    kernels().transpose(batch.n, batch.k, b, batch.b.first.column_stride, scratch, batch.n);
    product.b = scratch;
    product.ldb = batch.n;
  }
  kernels().multiply(product, scratch + batch.k * batch.n);
}

}  // namespace

void BatchedProduct::multiply(const ProductBatch& batch) {
  const std::int64_t count = batch.outer * batch.inner;
  const TeamSize team(threads_for(count * batch.m * batch.n * batch.k));
  const std::int64_t per_thread =
      (batch.k * batch.n + kernels().multiply_scratch(batch.k) + cache_line_floats - 1) / cache_line_floats *
      cache_line_floats;
  scratch_.reserve(parallel_threads() * per_thread);
  each_in_parallel(count, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    for (std::int64_t i = begin; i < end; ++i)
      multiply_one(batch, i / batch.inner, i % batch.inner, scratch_.data() + thread * per_thread);
  });
}

}  // namespace kairos::host
