// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_KERNELS is the name of the level's table (see CMakeLists.txt).
#include "compute/kernels/kernels.hpp"
#include "compute/kernels/lanes.hpp"

namespace kairos::host {

namespace {

#if defined(__AVX512F__)
constexpr int tile_rows = 12;  // times two vectors: as many sums as fit into the registers beside the factors
#else
constexpr int tile_rows = 6;
#endif

/// Some columns of a product; b, bias and c point to the first of them.
struct Stripe {
  std::int64_t k, segments;
  MatrixView a;
  std::int64_t a_segment_stride;
  const float* b;
  std::int64_t ldb;
  const float* bias;
  Beta beta;
  float* c;
  std::int64_t ldc;
};

/// c [rows, width vectors], with all sums in registers.
template <int rows, int width>
KAIROS_INLINE void tile(const Stripe& s) {
  Vector sum[rows][width];
  for (int w = 0; w < width; ++w) {
    const Vector first = s.bias == nullptr ? Vector{} : load(s.bias + w * lanes);
    for (int r = 0; r < rows; ++r) sum[r][w] = first;
  }
  const float* b = s.b;
  for (std::int64_t segment = 0; segment < s.segments; ++segment) {
    const float* a_row[rows];
    for (int r = 0; r < rows; ++r) a_row[r] = s.a.data + segment * s.a_segment_stride + r * s.a.row_stride;
    for (std::int64_t k = 0; k < s.k; ++k, b += s.ldb) {
      Vector right[width];
      for (int w = 0; w < width; ++w) right[w] = load(b + w * lanes);
      for (int r = 0; r < rows; ++r) {
        const Vector left = all(*a_row[r]);
        a_row[r] += s.a.column_stride;
        for (int w = 0; w < width; ++w) sum[r][w] += left * right[w];
      }
    }
  }
  if (s.beta == Beta::One)
    for (int r = 0; r < rows; ++r)
      for (int w = 0; w < width; ++w) sum[r][w] += load(s.c + r * s.ldc + w * lanes);
  for (int r = 0; r < rows; ++r)
    for (int w = 0; w < width; ++w) store(sum[r][w], s.c + r * s.ldc + w * lanes);
}

/// A tile of `rows` rows, at most tile_rows.
template <int width, int most = tile_rows>
KAIROS_INLINE void tile_of(std::int64_t rows, const Stripe& s) {
  if constexpr (most > 0) {
    if (rows == most)
      tile<most, width>(s);
    else
      tile_of<width, most - 1>(rows, s);
  }
}

/// All rows of some columns.
template <int width>
void stripe(std::int64_t rows, Stripe s) {
  while (rows > 0) {
    // 32 rows are 6 + 6 + 6 + 6 + 4 + 4 rather than 5 · 6 + 2, which would leave execution units idle.
    std::int64_t now = rows < tile_rows ? rows : tile_rows;
    if (rows > tile_rows && rows < 2 * tile_rows) now = (rows + 1) / 2;
    tile_of<width>(now, s);
    rows -= now;
    s.a.data += now * s.a.row_stride;
    s.c += now * s.ldc;
  }
}

std::int64_t multiply_scratch(std::int64_t k) {
  return (k + 1) * lanes;
}

/// k = 0: each row is the bias. The operands may be null, to which no offset may be added.
void multiply_nothing(const Product& p) {
  for (std::int64_t r = 0; r < p.m; ++r)
    for (std::int64_t i = 0; i < p.n; ++i)
      p.c[r * p.ldc + i] =
          (p.bias == nullptr ? 0.0F : p.bias[i]) + (p.beta == Beta::One ? p.c[r * p.ldc + i] : 0.0F);
}

/// n = 1: a dot product per row.
void multiply_column(const Product& p) {
  const float* a = p.a.data;
  for (std::int64_t r = 0; r < p.m; ++r, a += p.a.row_stride) {
    Vector sums{};
    std::int64_t k = 0;
    for (; k + lanes <= p.k; k += lanes) sums += load(a + k) * load(p.b + k);
    float sum = p.bias == nullptr ? 0.0F : *p.bias;
    for (; k < p.k; ++k) sum += a[k] * p.b[k];
    p.c[r * p.ldc] = sum + sum_of(sums);
  }
}

/// The last columns, which do not fill a vector, computed on copies padded with zeros. `b` points to the
/// first of them.
void multiply_rest(const Product& p, std::int64_t first, const float* b, std::int64_t ldb, float* scratch) {
  const std::int64_t rest = p.n - first, b_rows = p.segments * p.k;
  for (std::int64_t row = 0; row < b_rows; ++row)
    for (int i = 0; i < lanes; ++i) scratch[row * lanes + i] = i < rest ? b[row * ldb + i] : 0.0F;
  float* const bias = scratch + b_rows * lanes;
  for (int i = 0; i < lanes; ++i) bias[i] = p.bias != nullptr && i < rest ? p.bias[first + i] : 0.0F;
  float padded[tile_rows * lanes];
  Stripe s{p.k, p.segments, p.a, p.a_segment_stride, scratch, lanes, bias, Beta::Zero, padded, lanes};
  float* c = p.c + first;
  for (std::int64_t rows = p.m; rows > 0;) {
    const std::int64_t now = rows < tile_rows ? rows : tile_rows;
    tile_of<1>(now, s);
    for (std::int64_t r = 0; r < now; ++r)
      for (std::int64_t i = 0; i < rest; ++i)
        c[r * p.ldc + i] = padded[r * lanes + i] + (p.beta == Beta::One ? c[r * p.ldc + i] : 0.0F);
    rows -= now;
    s.a.data += now * s.a.row_stride;
    c += now * p.ldc;
  }
}

constexpr int panel_columns = 2 * lanes;

void multiply(const Product& p, float* scratch) {
  if (p.k == 0) return multiply_nothing(p);
  if (p.n == 1 && p.a.column_stride == 1 && p.segments == 1 && p.beta == Beta::Zero)
    return multiply_column(p);
  for (std::int64_t panel = 0; panel < p.n; panel += panel_columns) {
    const std::int64_t left = p.n - panel, width = left < panel_columns ? left : panel_columns;
    const bool packed = p.b_layout == Layout::Panels;
    const float* const b = packed ? p.b + panel * p.segments * p.k : p.b + panel;
    const std::int64_t ldb = packed ? width : p.ldb;
    const Stripe s{
        p.k,    p.segments,  p.a,  p.a_segment_stride, b, ldb, p.bias == nullptr ? nullptr : p.bias + panel,
        p.beta, p.c + panel, p.ldc};
    if (width == panel_columns) {
      stripe<2>(p.m, s);
      continue;
    }
    if (width >= lanes) stripe<1>(p.m, s);
    const std::int64_t whole = width / lanes * lanes;
    if (whole < width) multiply_rest(p, panel + whole, b + whole, ldb, scratch);
  }
}

void pack_panels(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_stride,
                 float* to) {
  std::int64_t column = 0;
  for (; column + panel_columns <= columns; column += panel_columns)
    for (std::int64_t row = 0; row < rows; ++row, to += panel_columns) {
      const float* const line = from + row * from_stride + column;
      store(load(line), to);
      store(load(line + lanes), to + lanes);
    }
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t i = column; i < columns; ++i) *to++ = from[row * from_stride + i];
}

typedef float Four __attribute__((vector_size(16), aligned(sizeof(float)), may_alias));

/// Transposes 4 by 4 values in registers.
KAIROS_INLINE void transpose_block(const float* from, std::int64_t from_stride, float* to,
                                   std::int64_t to_stride) {
  Four row[4];
  for (int r = 0; r < 4; ++r) row[r] = *reinterpret_cast<const Four*>(from + r * from_stride);
  const Four a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
  const Four b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
  const Four c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  const Four d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  *reinterpret_cast<Four*>(to) = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  *reinterpret_cast<Four*>(to + to_stride) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  *reinterpret_cast<Four*>(to + 2 * to_stride) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  *reinterpret_cast<Four*>(to + 3 * to_stride) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

void transpose(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_stride,
               float* to, std::int64_t to_stride) {
  const std::int64_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
  for (std::int64_t column = 0; column < whole_columns; column += 4)
    for (std::int64_t row = 0; row < whole_rows; row += 4)
      transpose_block(from + row * from_stride + column, from_stride, to + column * to_stride + row,
                      to_stride);
  for (std::int64_t column = 0; column < columns; ++column)
    for (std::int64_t row = column < whole_columns ? whole_rows : 0; row < rows; ++row)
      to[column * to_stride + row] = from[row * from_stride + column];
}

void sum_rows(std::int64_t rows, std::int64_t columns, const float* from, float* sum) {
  std::int64_t column = 0;
  for (; column + lanes <= columns; column += lanes) {
    Vector total{};
    for (std::int64_t row = 0; row < rows; ++row) total += load(from + row * columns + column);
    store(total, sum + column);
  }
  for (; column < columns; ++column) {
    float total = 0;
    for (std::int64_t row = 0; row < rows; ++row) total += from[row * columns + column];
    sum[column] = total;
  }
}

void sum_parts(std::int64_t n, std::int64_t parts, const float* from, std::int64_t stride, const float* bias,
               float* sum) {
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Vector total = bias == nullptr ? Vector{} : load(bias + i);
    for (std::int64_t part = 0; part < parts; ++part) total += load(from + part * stride + i);
    store(total, sum + i);
  }
  for (; i < n; ++i) {
    float total = bias == nullptr ? 0.0F : bias[i];
    for (std::int64_t part = 0; part < parts; ++part) total += from[part * stride + i];
    sum[i] = total;
  }
}

/// Repeats random_at of compute/random.hpp, because it must be inlined into vector loops here.
KAIROS_INLINE std::uint64_t random_bits(std::uint64_t key, std::uint64_t n) {
  std::uint64_t value = key + (n + 1) * 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

void draw_factors(std::int64_t n, std::uint64_t key, std::uint64_t first, std::uint64_t drop_below,
                  float scale, float* factors) {
  for (std::int64_t i = 0; i < n; ++i)
    factors[i] = random_bits(key, first + static_cast<std::uint64_t>(i)) < drop_below ? 0.0F : scale;
}

void multiply_each(std::int64_t n, const float* a, const float* b, float* product) {
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) store(load(a + i) * load(b + i), product + i);
  for (; i < n; ++i) product[i] = a[i] * b[i];
}

void keep_larger(std::int64_t n, const float* __restrict values, std::int32_t index, float* __restrict best,
                 std::int32_t* __restrict where) {
  for (std::int64_t i = 0; i < n; ++i) {
    // Not written as !(values[i] <= best[i]): a NaN in `best` must stay.
    const bool wins = (values[i] > best[i]) | (values[i] != values[i]);
    best[i] = wins ? values[i] : best[i];
    where[i] = wins ? index : where[i];
  }
}

std::int64_t index_of_largest(std::int64_t n, const float* values) {
  if (n < 2 || values[0] != values[0]) return 0;
  Vector best = all(values[0]);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Vector now = load(values + i);
    best = best < now ? now : best;
  }
  float largest = largest_of(best);
  for (; i < n; ++i) largest = largest < values[i] ? values[i] : largest;
  for (i = 0; values[i] != largest;) ++i;
  return i;
}

Decisions count_decisions(std::int64_t n, float threshold, const float* target, const float* output) {
  constexpr std::int64_t block = 1 << 20;  // counts of a block fit into 32 bits
  Decisions all{};
  for (std::int64_t first = 0; first < n; first += block) {
    const std::int64_t end = n - first < block ? n : first + block;
    std::int32_t said = 0, actual = 0, hits = 0, right = 0;
    for (std::int64_t i = first; i < end; ++i) {
      const std::int32_t says = output[i] > threshold ? 1 : 0, is = target[i] != 0 ? 1 : 0;
      said += says;
      actual += is;
      hits += says & is;
      right += target[i] == static_cast<float>(says) ? 1 : 0;
    }
    all.said += said;
    all.actual += actual;
    all.hits += hits;
    all.right += right;
  }
  return all;
}

void bins(std::int64_t n, std::int32_t thresholds, const float* __restrict values,
          std::int32_t* __restrict bins) {
  const auto steps = static_cast<float>(thresholds - 1);
  for (std::int64_t i = 0; i < n; ++i) {
    const float limited = values[i] > 1 ? 1.0F : (values[i] > 0 ? values[i] : 0.0F);
    const float scaled = limited * steps;
    const auto below = static_cast<std::int32_t>(scaled);
    // Rounded up, less 1: an output that equals a threshold is below it.
    const std::int32_t bin = static_cast<float>(below) < scaled ? below : below - 1;
    bins[i] = values[i] == values[i] ? (bin < 0 ? 0 : bin) : -1;
  }
}

typedef float Half __attribute__((vector_size(lanes / 2 * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef double Wide __attribute__((vector_size(lanes / 2 * sizeof(double))));

template <typename Of>
KAIROS_INLINE double sum_of_each(std::int64_t n, const float* values, const Of& of) {
  Wide sums[4] = {};
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes)
    for (int k = 0; k < 4; ++k)
      sums[k] +=
          of(__builtin_convertvector(*reinterpret_cast<const Half*>(values + i + k * lanes / 2), Wide));
  Wide rest{};
  double last = 0;
  for (; i < n; ++i) {
    rest[0] = static_cast<double>(values[i]);
    last += of(rest)[0];
  }
  const Wide sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (int k = 0; k < lanes / 2; ++k) last += sum[k];
  return last;
}

double sum_of_squares(std::int64_t n, const float* values) {
  return sum_of_each(n, values, [](Wide x) { return x * x; });
}

double sum_of_magnitudes(std::int64_t n, const float* values) {
  return sum_of_each(n, values, [](Wide x) { return x < Wide{} ? -x : x; });
}

}  // namespace

extern const Kernels KAIROS_KERNELS;
const Kernels KAIROS_KERNELS{
    multiply_scratch, multiply,        panel_columns, pack_panels,    transpose,
    sum_rows,         sum_parts,       draw_factors,  multiply_each,  keep_larger,
    index_of_largest, count_decisions, bins,          sum_of_squares, sum_of_magnitudes};

}  // namespace kairos::host
