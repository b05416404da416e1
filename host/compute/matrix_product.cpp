// SPDX-License-Identifier: MIT
// Splits a product into blocks that stay in the caches, after Goto and van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication", 2008: a panel of b in the L1 cache, a block of a in the L2 cache.
#include "compute/matrix_product.hpp"

#include <algorithm>

#include "compute/parallel.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

/// k of a panel of b. With the widest vectors a panel fills half of an L1 cache of 32 KiB on AVX2, and 40 KiB
/// on AVX-512, whose processors have 48.
constexpr std::int64_t max_k = 320;
/// Values of a block of a: a quarter of an L2 cache of 1 MiB.
constexpr std::int64_t block_values = 65536;
/// Blocks begin at multiples of this number of rows, which the tiles of every level divide.
constexpr std::int64_t row_unit = 12;
/// Added to lda of a copy, because rows at a distance of a power of two compete for the same cache sets.
constexpr std::int64_t padding = 16;

std::int64_t pieces(std::int64_t n, std::int64_t most) {
  return (n + most - 1) / most;
}

struct Blocks {
  explicit Blocks(const LargeProduct& p)
      : k(p.k == 0 ? 1 : pieces(p.k, pieces(p.k, max_k))),
        m(std::max(row_unit, block_values / k / row_unit * row_unit)),
        copies_a(p.a.column_stride != 1),
        lda(copies_a ? k + padding : p.a.row_stride),
        a_values(copies_a ? std::min(m, p.m) * lda : 0),
        scratch(a_values + k * kernels().panel_columns + kernels().multiply_scratch(k)) {}

  std::int64_t k;
  std::int64_t m;
  bool copies_a;
  std::int64_t lda;
  std::int64_t a_values;
  std::int64_t scratch;  ///< floats per thread
};

/// [row, row + rows) x [column, column + columns) of c.
struct Part {
  std::int64_t row, rows, column, columns;
};

const float* at(const MatrixView& view, std::int64_t row, std::int64_t column) {
  return view.data + row * view.row_stride + column * view.column_stride;
}

/// to [depth, columns] = a panel of b.
void copy_panel(const LargeProduct& p, std::int64_t first, std::int64_t k, std::int64_t column,
                std::int64_t columns, float* to) {
  const float* const from = at(p.b, first, column);
  if (p.b.column_stride == 1)
    kernels().pack_panels(k, columns, from, p.b.row_stride, to);
  else
    kernels().transpose(columns, k, from, p.b.column_stride, to, columns);
}

/// Adds the product of k columns of a and k rows of b, from `first` on, to a block of rows.
void add_block(const LargeProduct& p, const Blocks& blocks, const Part& part, std::int64_t first,
               std::int64_t k, float* scratch) {
  MatrixView a{at(p.a, part.row, first), blocks.lda, 1};
  if (blocks.copies_a) {
    kernels().transpose(k, part.rows, a.data, p.a.column_stride, scratch, blocks.lda);
    a.data = scratch;
  }
  float* const panel = scratch + blocks.a_values;
  float* const rest = panel + blocks.k * kernels().panel_columns;
  const std::int64_t end = part.column + part.columns;
  for (std::int64_t column = part.column; column < end; column += kernels().panel_columns) {
    const std::int64_t columns = std::min<std::int64_t>(kernels().panel_columns, end - column);
    copy_panel(p, first, k, column, columns, panel);
    Product product{part.rows, columns, k, a, panel, p.c + part.row * p.ldc + column};
    product.ldc = p.ldc;
    if (first > 0)
      product.beta = Beta::One;
    else if (p.bias != nullptr)
      product.bias = p.bias + column;
    kernels().multiply(product, rest);
  }
}

void multiply_part(const LargeProduct& p, const Blocks& blocks, const Part& part, float* scratch) {
  // Runs once even if k is 0: c is then the bias, or 0.
  for (std::int64_t first = 0; first == 0 || first < p.k; first += blocks.k) {
    const std::int64_t k = std::min(blocks.k, p.k - first), end = part.row + part.rows;
    for (std::int64_t row = part.row; row < end; row += blocks.m)
      add_block(p, blocks, {row, std::min(blocks.m, end - row), part.column, part.columns}, first, k,
                scratch);
  }
}

}  // namespace

void multiply_blocked(const LargeProduct& p, FloatBuffer& scratch) {
  const TeamSize team(threads_for(p.m * p.n * p.k));
  const Blocks blocks(p);
  scratch.reserve(parallel_threads() * blocks.scratch);
  const bool by_rows = p.m > p.n;
  const std::int64_t unit = by_rows ? row_unit : kernels().panel_columns;
  const std::int64_t size = by_rows ? p.m : p.n;
  each_in_parallel(pieces(size, unit), [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    const std::int64_t first = begin * unit, count = std::min(end * unit, size) - first;
    const Part part = by_rows ? Part{first, count, 0, p.n} : Part{0, p.m, first, count};
    multiply_part(p, blocks, part, scratch.data() + thread * blocks.scratch);
  });
}

void multiply_blocked_alone(const LargeProduct& p, float* scratch) {
  multiply_part(p, Blocks(p), {0, p.m, 0, p.n}, scratch);
}

std::int64_t blocked_scratch(const LargeProduct& p) {
  return Blocks(p).scratch;
}

bool blocked_is_fastest() noexcept {
  constexpr std::int64_t panel_of_avx2 = 16;
  return kernels().panel_columns <= panel_of_avx2;
}

}  // namespace kairos::host
