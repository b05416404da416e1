// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_LAYER_KERNELS is the name of the level's table (see CMakeLists.txt).
#include "compute/kernels/layers.hpp"

#include "compute/kernels/functions.hpp"

namespace kairos::host {

namespace {

/// Repeats random_at of compute/random.hpp, because it must be inlined into vector loops here.
KAIROS_INLINE std::uint64_t random_word(std::uint64_t key, std::uint64_t n) {
  std::uint64_t value = key + (n + 1) * 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

/// cos(2π turns) for 0 … 1 turns: a sine of at most a quarter of a turn, by its series.
KAIROS_INLINE Vector cosine_of_turns(Vector turns) {
  const Vector z = (magnitude(turns - 0.5F) - 0.25F) * 6.28318530717958648F, s = z * z;
  Vector p = all(-2.50521083854417188e-8F);
  p = p * s + 2.75573192239858907e-6F;
  p = p * s + -1.98412698412698413e-4F;
  p = p * s + 8.33333333333333333e-3F;
  p = p * s + -1.66666666666666667e-1F;
  return z + z * (s * p);
}

/// The method of Box and Muller, of which one of two numbers is used.
void draw_normal(std::int64_t n, std::uint64_t key, std::uint64_t first, float mean, float deviation,
                 float* values) {
  constexpr float step = 0x1p-24F;
  each_vector(n, [&](std::int64_t k, auto part) {
    Vector length, turns;
    for (int i = 0; i < lanes; ++i) {
      const std::uint64_t bits = random_word(key, first + static_cast<std::uint64_t>(k + i));
      length[i] = static_cast<float>(static_cast<std::int32_t>(bits >> 40) + 1) * step;  // above 0
      turns[i] = static_cast<float>(static_cast<std::int32_t>(bits & 0xFFFFFF)) * step;
    }
    const Vector normal = square_root(-2.0F * logarithm(length)) * cosine_of_turns(turns);
    part.put(mean + deviation * normal, values + k);
  });
}

void prelu(std::int64_t n, const float* alpha, const float* x, float* y) {
  each_vector(n, [&](std::int64_t k, auto part) {
    const Vector value = part.get(x + k);
    part.put(value < Vector{} ? part.get(alpha + k) * value : value, y + k);
  });
}

void prelu_gradient(std::int64_t n, const float* alpha, const float* x, const float* y_gradient,
                    float* alpha_gradient, float* x_gradient) {
  each_vector(n, [&](std::int64_t k, auto part) {
    const Vector value = part.get(x + k), g = part.get(y_gradient + k);
    const Vector of_alpha = value < Vector{} ? g * value : Vector{};
    const Vector of_positive = value == Vector{} ? Vector{} : g;  // as in Keras, 0 has no gradient
    const Vector of_x = value < Vector{} ? g * part.get(alpha + k) : of_positive;
    if (alpha_gradient != nullptr) part.put(part.get(alpha_gradient + k) + of_alpha, alpha_gradient + k);
    if (x_gradient != nullptr) part.put(of_x, x_gradient + k);
  });
}

float scale_row(const ScaledRow& row, float epsilon, float most, const float* x, float* y) {
  const auto squares = static_cast<float>(sum_over_row(row.width, [&](std::int64_t k, auto part) {
    const Vector value = part.get(x + k);
    return value * value;
  }));
  const float found = 1 / __builtin_sqrtf(squares * row.share + epsilon);
  const float inverse = found > most ? most : found;
  each_vector(row.width, [&](std::int64_t k, auto part) {
    const Vector scaled = part.get(x + k) * inverse;
    part.put(row.scale == nullptr ? scaled : scaled * part.get(row.scale + k), y + k);
  });
  return inverse;
}

void scale_row_gradient(const ScaledRow& row, float inverse, const float* x, const float* y_gradient,
                        float* scale_gradient, float* x_gradient) {
  const auto scaled = [&](std::int64_t k, auto part) {
    const Vector g = part.get(y_gradient + k);
    return row.scale == nullptr ? g : g * part.get(row.scale + k);
  };
  if (scale_gradient != nullptr)
    each_vector(row.width, [&](std::int64_t k, auto part) {
      part.put(part.get(scale_gradient + k) + part.get(y_gradient + k) * part.get(x + k) * inverse,
               scale_gradient + k);
    });
  if (x_gradient == nullptr) return;
  const double along =
      sum_over_row(row.width, [&](std::int64_t k, auto part) { return scaled(k, part) * part.get(x + k); });
  const auto unit = static_cast<double>(inverse);
  const auto factor = static_cast<float>(along * unit * unit * static_cast<double>(row.share));
  each_vector(row.width, [&](std::int64_t k, auto part) {
    part.put(inverse * (scaled(k, part) - part.get(x + k) * factor), x_gradient + k);
  });
}

void grouped_gradient(const GroupedGradient& v) {
  for (std::int64_t at = 0; at < v.rows * v.width; at += v.width)
    each_vector(v.width, [&](std::int64_t k, auto part) {
      const Vector shared =
          part.get(v.summand + k) + (part.get(v.x + at + k) - part.get(v.mean + k)) * part.get(v.factor + k);
      part.put(part.get(v.own + k) * part.get(v.y_gradient + at + k) - shared, v.x_gradient + at + k);
    });
}

void blend(std::int64_t n, const float* a, const float* b, float share, float* y) {
  each_vector(n, [&](std::int64_t k, auto part) {
    const Vector first = part.get(a + k);
    part.put(first + (part.get(b + k) - first) * share, y + k);
  });
}

void add_scaled(std::int64_t n, const float* x, float factor, float* y) {
  each_vector(
      n, [&](std::int64_t k, auto part) { part.put(part.get(y + k) + part.get(x + k) * factor, y + k); });
}

}  // namespace

extern const LayerKernels KAIROS_LAYER_KERNELS;
const LayerKernels KAIROS_LAYER_KERNELS{
    draw_normal, prelu, prelu_gradient, scale_row, scale_row_gradient, grouped_gradient, blend, add_scaled};

}  // namespace kairos::host
