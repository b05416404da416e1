// SPDX-License-Identifier: MIT
// Each product on one thread: by our loops as it is where its factors fit into the caches, as those of the
// heads of attention do, else in blocks.
#include "compute/batched_product.hpp"

#include <algorithm>

#include "compute/matrix_product.hpp"
#include "compute/parallel.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

/// Floats per cache line; threads must not share lines.
constexpr std::int64_t cache_line_floats = 16;
/// Values of b up to which it stays in an L2 cache beside the rows of a and c.
constexpr std::int64_t most_values_unblocked = 65536;

/// Product number `outer`, `inner`.
LargeProduct product_of(const ProductBatch& batch, std::int64_t outer, std::int64_t inner) {
  const auto offset = [&](const auto& of) { return outer * of.outer_stride + inner * of.inner_stride; };
  LargeProduct product{batch.m,       batch.n,       batch.k,
                       batch.a.first, batch.b.first, batch.c.first + offset(batch.c)};
  product.a.data += offset(batch.a);
  product.b.data += offset(batch.b);
  product.ldc = batch.c.ldc;
  return product;
}

void multiply_unblocked(const LargeProduct& p, float* scratch) {
  Product product{p.m, p.n, p.k, p.a, p.b.data, p.c};
  product.ldc = p.ldc;
  product.ldb = p.b.row_stride;
  if (p.b.column_stride != 1) {
    kernels().transpose(p.n, p.k, p.b.data, p.b.column_stride, scratch, p.n);
    product.b = scratch;
    product.ldb = p.n;
  }
  kernels().multiply(product, scratch + p.k * p.n);
}

}  // namespace

void BatchedProduct::multiply(const ProductBatch& batch) {
  const std::int64_t count = batch.outer * batch.inner;
  const TeamSize team(threads_for(count * batch.m * batch.n * batch.k));
  const bool in_blocks = batch.k * batch.n > most_values_unblocked;
  const std::int64_t needed = in_blocks ? blocked_scratch(product_of(batch, 0, 0))
                                        : batch.k * batch.n + kernels().multiply_scratch(batch.k);
  const std::int64_t per_thread = (needed + cache_line_floats - 1) / cache_line_floats * cache_line_floats;
  scratch_.reserve(parallel_threads() * per_thread);
  each_in_parallel(count, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    float* const scratch = scratch_.data() + thread * per_thread;
    for (std::int64_t i = begin; i < end; ++i) {
      const LargeProduct product = product_of(batch, i / batch.inner, i % batch.inner);
      in_blocks ? multiply_blocked_alone(product, scratch) : multiply_unblocked(product, scratch);
    }
  });
}

}  // namespace kairos::host
