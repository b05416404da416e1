// SPDX-License-Identifier: MIT
// Cuts a product into blocks that stay in the caches, after Goto and van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication", 2008: some columns of b in the first, some rows of a in the
// second.
#include "compute/matrix_product.hpp"

#include <algorithm>

#include "compute/parallel.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

/// Of a panel of b with the widest vectors: half of a first cache of 32 KiB on AVX2, all of it on AVX-512,
/// whose processors have 48.
constexpr std::int64_t most_depth = 320;
/// Values of a block of a: a quarter of a second cache of 1 MiB.
constexpr std::int64_t block_values = 65536;
/// Rows begin at multiples of this, which every level's tiles divide.
constexpr std::int64_t row_unit = 12;
/// Rows of a copy are this much longer than their values: a power of two between them would make them fight
/// for the same lines of a cache.
constexpr std::int64_t padding = 16;

std::int64_t pieces(std::int64_t n, std::int64_t most) {
  return (n + most - 1) / most;
}

struct Blocks {
  explicit Blocks(const LargeProduct& p)
      : depth(p.depth == 0 ? 1 : pieces(p.depth, pieces(p.depth, most_depth))),
        rows(std::max(row_unit, block_values / depth / row_unit * row_unit)),
        copies_a(p.a.column_step != 1),
        a_step(copies_a ? depth + padding : p.a.row_step),
        a_values(copies_a ? std::min(rows, p.rows) * a_step : 0),
        scratch(a_values + depth * kernels().panel_columns + kernels().multiply_scratch(depth)) {}

  std::int64_t depth;
  std::int64_t rows;
  bool copies_a;
  std::int64_t a_step;
  std::int64_t a_values;
  std::int64_t scratch;  ///< floats for one thread
};

/// [row, row + rows) x [column, column + columns) of c.
struct Part {
  std::int64_t row, rows, column, columns;
};

const float* at(const MatrixView& view, std::int64_t row, std::int64_t column) {
  return view.data + row * view.row_step + column * view.column_step;
}

/// to [depth, columns] = a panel of b.
void copy_panel(const LargeProduct& p, std::int64_t first, std::int64_t depth, std::int64_t column,
                std::int64_t columns, float* to) {
  const float* const from = at(p.b, first, column);
  if (p.b.column_step == 1)
    kernels().pack_panels(depth, columns, from, p.b.row_step, to);
  else
    kernels().transpose(columns, depth, from, p.b.column_step, to, columns);
}

/// Adds what `depth` columns of a and rows of b from `first` give to a block of rows.
void add_block(const LargeProduct& p, const Blocks& blocks, const Part& part, std::int64_t first,
               std::int64_t depth, float* scratch) {
  MatrixView a{at(p.a, part.row, first), blocks.a_step, 1};
  if (blocks.copies_a) {
    kernels().transpose(depth, part.rows, a.data, p.a.column_step, scratch, blocks.a_step);
    a.data = scratch;
  }
  float* const panel = scratch + blocks.a_values;
  float* const rest = panel + blocks.depth * kernels().panel_columns;
  const std::int64_t end = part.column + part.columns;
  for (std::int64_t column = part.column; column < end; column += kernels().panel_columns) {
    const std::int64_t columns = std::min<std::int64_t>(kernels().panel_columns, end - column);
    copy_panel(p, first, depth, column, columns, panel);
    Product product{part.rows, columns, depth, a, panel, p.c + part.row * p.columns + column};
    product.c_step = p.columns;
    if (first > 0)
      product.into = Into::Sum;
    else if (p.bias != nullptr)
      product.bias = p.bias + column;
    kernels().multiply(product, rest);
  }
}

void multiply_part(const LargeProduct& p, const Blocks& blocks, const Part& part, float* scratch) {
  // Once even without depth: c is the bias then, or 0.
  for (std::int64_t first = 0; first == 0 || first < p.depth; first += blocks.depth) {
    const std::int64_t depth = std::min(blocks.depth, p.depth - first), end = part.row + part.rows;
    for (std::int64_t row = part.row; row < end; row += blocks.rows)
      add_block(p, blocks, {row, std::min(blocks.rows, end - row), part.column, part.columns}, first, depth,
                scratch);
  }
}

}  // namespace

void multiply_blocked(const LargeProduct& p, FloatBuffer& scratch) {
  const TeamSize team(threads_for(p.rows * p.columns * p.depth));
  const Blocks blocks(p);
  scratch.reserve(parallel_threads() * blocks.scratch);
  const bool by_rows = p.rows > p.columns;
  const std::int64_t unit = by_rows ? row_unit : kernels().panel_columns;
  const std::int64_t size = by_rows ? p.rows : p.columns;
  each_in_parallel(pieces(size, unit), [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    const std::int64_t first = begin * unit, count = std::min(end * unit, size) - first;
    const Part part = by_rows ? Part{first, count, 0, p.columns} : Part{0, p.rows, first, count};
    multiply_part(p, blocks, part, scratch.data() + thread * blocks.scratch);
  });
}

void multiply_blocked_alone(const LargeProduct& p, float* scratch) {
  multiply_part(p, Blocks(p), {0, p.rows, 0, p.columns}, scratch);
}

std::int64_t blocked_scratch(const LargeProduct& p) {
  return Blocks(p).scratch;
}

bool blocked_is_fastest() noexcept {
  constexpr std::int64_t panel_of_avx2 = 16;
  return kernels().panel_columns <= panel_of_avx2;
}

}  // namespace kairos::host
