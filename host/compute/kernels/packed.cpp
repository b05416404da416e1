// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_PACKED_KERNELS is the name of the level's table (see CMakeLists.txt).
#include "compute/kernels/packed.hpp"

#include "compute/kernels/lanes.hpp"

namespace kairos::host {

namespace {

#if defined(__AVX512F__)
constexpr int tile_rows = 12;  // times two vectors: as many sums as fit into the registers beside the factors
#else
constexpr int tile_rows = 6;
#endif
constexpr int vectors = 2;
constexpr std::int64_t panel = vectors * lanes;  ///< columns of a tile

std::int64_t panels(std::int64_t columns) {
  return (columns + panel - 1) / panel;
}

std::int64_t packed_size(std::int64_t k, std::int64_t n) {
  return k * panels(n) * panel;
}

/// Rows of the next tile. 32 rows are 6 + 6 + 6 + 6 + 4 + 4 rather than 5 · 6 + 2, which would leave
/// execution units idle.
KAIROS_INLINE std::int64_t next_tile(std::int64_t rows) {
  if (rows >= 2 * tile_rows) return tile_rows;
  return rows > tile_rows ? (rows + 1) / 2 : rows;
}

KAIROS_INLINE std::int64_t at_most(std::int64_t a, std::int64_t b) {
  return a < b ? a : b;
}

/// Copies one row of a panel and pads it with zeros.
KAIROS_INLINE void copy_row(std::int64_t width, const float* from, float* to) {
  if (width == panel) {
    for (int w = 0; w < vectors; ++w) store(load(from + w * lanes), to + w * lanes);
    return;
  }
  for (std::int64_t i = 0; i < panel; ++i) to[i] = i < width ? from[i] : 0.0F;
}

void pack(std::int64_t k, std::int64_t n, const MatrixView& b, float* packed) {
  for (std::int64_t column = 0; column < n; column += panel) {
    const std::int64_t width = at_most(panel, n - column);
    const float* from = b.data + column * b.column_stride;
    for (std::int64_t row = 0; row < k; ++row, from += b.row_stride, packed += panel) {
      if (b.column_stride == 1) {
        copy_row(width, from, packed);
        continue;
      }
      for (std::int64_t i = 0; i < panel; ++i) packed[i] = i < width ? from[i * b.column_stride] : 0.0F;
    }
  }
}

/// sum += a · b for one tile: rows of `a` are `row_stride` apart, columns `column_stride`; b is a packed
/// panel.
template <int rows>
KAIROS_INLINE void accumulate(std::int64_t k, const float* a, std::int64_t row_stride,
                              std::int64_t column_stride, const float* b, Vector (&sum)[rows][vectors]) {
  const float* a_row[rows];
  for (int r = 0; r < rows; ++r) a_row[r] = a + r * row_stride;
  for (std::int64_t i = 0; i < k; ++i, b += panel) {
    Vector right[vectors];
    for (int w = 0; w < vectors; ++w) right[w] = load(b + w * lanes);
    for (int r = 0; r < rows; ++r) {
      const Vector left = all(a_row[r][i * column_stride]);
      for (int w = 0; w < vectors; ++w) sum[r][w] += left * right[w];
    }
  }
}

/// The destination of a tile; only its first `width` columns are written.
struct Target {
  float* c;
  std::int64_t ldc;
  std::int64_t width;
};

template <int rows>
KAIROS_INLINE void write(const Vector (&sum)[rows][vectors], const Target& to) {
  for (int r = 0; r < rows; ++r) {
    float* const c = to.c + r * to.ldc;
    if (to.width == panel) {
      for (int w = 0; w < vectors; ++w) store(sum[r][w], c + w * lanes);
      continue;
    }
    float values[panel];
    for (int w = 0; w < vectors; ++w) store(sum[r][w], values + w * lanes);
    for (std::int64_t i = 0; i < to.width; ++i) c[i] = values[i];
  }
}

template <int rows>
KAIROS_INLINE void add(const Vector (&sum)[rows][vectors], const Target& to) {
  for (int r = 0; r < rows; ++r) {
    float* const c = to.c + r * to.ldc;
    if (to.width == panel) {
      for (int w = 0; w < vectors; ++w) store(load(c + w * lanes) + sum[r][w], c + w * lanes);
      continue;
    }
    float values[panel];
    for (int w = 0; w < vectors; ++w) store(sum[r][w], values + w * lanes);
    for (std::int64_t i = 0; i < to.width; ++i) c[i] += values[i];
  }
}

/// The operands of the tiles of one panel.
struct Tile {
  PackedTerm first, second;
  const float* bias;  ///< [panel]
  Target to;
};

template <int rows>
void multiply_tile(const Tile& t) {
  Vector sum[rows][vectors];
  for (int w = 0; w < vectors; ++w) {
    const Vector bias = load(t.bias + w * lanes);
    for (int r = 0; r < rows; ++r) sum[r][w] = bias;
  }
  accumulate<rows>(t.first.k, t.first.a, t.first.lda, 1, t.first.b, sum);
  accumulate<rows>(t.second.k, t.second.a, t.second.lda, 1, t.second.b, sum);
  write<rows>(sum, t.to);
}

/// Adds a tile of aᵀ times a panel of b. `a` is packed: the values for one row of b are contiguous.
template <int rows>
void gradient_tile(std::int64_t k, const float* a, const float* b, const Target& to) {
  Vector sum[rows][vectors] = {};
  accumulate<rows>(k, a, 1, rows, b, sum);
  add<rows>(sum, to);
}

/// Calls `work` with the number of rows as a compile-time constant.
template <int most = tile_rows, typename Work>
KAIROS_INLINE void with_rows(std::int64_t rows, const Work& work) {
  if constexpr (most > 0) {
    if (rows == most)
      work.template operator()<most>();
    else
      with_rows<most - 1>(rows, work);
  }
}

void multiply(const PackedProduct& p) {
  for (std::int64_t column = 0; column < p.n; column += panel) {
    const std::int64_t width = at_most(panel, p.n - column);
    float bias[panel] = {};
    if (p.bias != nullptr) copy_row(width, p.bias + column, bias);
    Tile t{p.first, p.second, bias, {p.c + column, p.ldc, width}};
    t.first.b += column * p.first.k;
    if (p.second.k > 0) t.second.b += column * p.second.k;
    for (std::int64_t rows = p.m; rows > 0;) {
      const std::int64_t now = next_tile(rows);
      with_rows(now, [&]<int count>() { multiply_tile<count>(t); });
      t.first.a += now * p.first.lda;
      if (p.second.k > 0) t.second.a += now * p.second.lda;
      t.to.c += now * p.ldc;
      rows -= now;
    }
  }
}

std::int64_t gradient_scratch(std::int64_t k, std::int64_t m) {
  return k * (panel + m) + panel;
}

/// Packs some columns of all pieces of `a`.
template <int columns>
void pack_strip(const GradientProduct& p, const GradientTerm& term, std::int64_t column, float* packed) {
  for (std::int64_t piece = 0; piece < p.pieces; ++piece) {
    const float* a = term.a + piece * p.piece_stride * term.m + column;
    for (std::int64_t row = 0; row < p.rows; ++row, a += term.m, packed += columns)
      __builtin_memcpy(packed, a, columns * sizeof(float));
  }
}

/// Packs all columns for gradient_tile. Returns the end of the packed values.
float* pack_columns(const GradientProduct& p, const GradientTerm& term, float* packed) {
  for (std::int64_t column = 0; column < term.m;) {
    const std::int64_t now = next_tile(term.m - column);
    with_rows(now, [&]<int columns>() { pack_strip<columns>(p, term, column, packed); });
    column += now;
    packed += p.pieces * p.rows * now;
  }
  return packed;
}

/// Packs one panel of b and adds its rows to `bias`.
void pack_panel(const GradientProduct& p, std::int64_t column, std::int64_t width, float* packed) {
  Vector sum[1][vectors] = {};
  for (std::int64_t piece = 0; piece < p.pieces; ++piece) {
    const float* b = p.b + piece * p.piece_stride * p.n + column;
    for (std::int64_t row = 0; row < p.rows; ++row, b += p.n, packed += panel) {
      copy_row(width, b, packed);
      for (int w = 0; w < vectors; ++w) sum[0][w] += load(packed + w * lanes);
    }
  }
  if (p.bias != nullptr) add<1>(sum, {p.bias + column, 0, width});
}

void add_panel(std::int64_t k, const GradientTerm& term, std::int64_t column, std::int64_t width,
               const float* a, const float* b) {
  Target to{term.c + column, term.ldc, width};
  for (std::int64_t rows = term.m; rows > 0;) {
    const std::int64_t now = next_tile(rows);
    with_rows(now, [&]<int count>() { gradient_tile<count>(k, a, b, to); });
    a += now * k;
    to.c += now * term.ldc;
    rows -= now;
  }
}

void add_gradient(const GradientProduct& p, float* scratch) {
  const std::int64_t k = p.pieces * p.rows;
  float* const b = scratch;
  float* const first = b + k * panel;
  float* const second = pack_columns(p, p.first, first);
  if (p.second.m > 0) pack_columns(p, p.second, second);
  for (std::int64_t column = 0; column < p.n; column += panel) {
    const std::int64_t width = at_most(panel, p.n - column);
    pack_panel(p, column, width, b);
    add_panel(k, p.first, column, width, first, b);
    if (p.second.m > 0) add_panel(k, p.second, column, width, second, b);
  }
}

}  // namespace

extern const PackedKernels KAIROS_PACKED_KERNELS;
const PackedKernels KAIROS_PACKED_KERNELS{packed_size, pack, multiply, gradient_scratch, add_gradient};

}  // namespace kairos::host
