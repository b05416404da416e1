// SPDX-License-Identifier: MIT
// Elementary functions of vectors, in the files that are compiled for several levels. NaN stays NaN, except
// where comparisons say otherwise. Errors are about one unit in the last place.
#pragma once

#include <cstdint>

#include "compute/kernels/lanes.hpp"

namespace kairos::host {

namespace {

typedef std::int32_t Bits __attribute__((vector_size(lanes * sizeof(std::int32_t))));
typedef float Aligned __attribute__((vector_size(lanes * sizeof(float))));

KAIROS_INLINE Bits bits_of(Vector x) {
  return __builtin_bit_cast(Bits, static_cast<Aligned>(x));
}
KAIROS_INLINE Vector from_bits(Bits bits) {
  return static_cast<Vector>(__builtin_bit_cast(Aligned, bits));
}

KAIROS_INLINE Vector magnitude(Vector x) {
  return from_bits(bits_of(x) & 0x7FFFFFFF);
}
/// NaN in `x` stays NaN.
KAIROS_INLINE Vector at_least(float least, Vector x) {
  return x < all(least) ? all(least) : x;
}
KAIROS_INLINE Vector at_most(float most, Vector x) {
  return x > all(most) ? all(most) : x;
}
/// -1, 0 or 1.
KAIROS_INLINE Vector sign_of(Vector x) {
  return x > Vector{} ? all(1) : (x < Vector{} ? all(-1) : Vector{} * x);
}

KAIROS_INLINE Vector square_root(Vector x) {
  for (int i = 0; i < lanes; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
}

/// e^x = (1 + rest) · 2^exponent, after Cephes' expf.
struct Power {
  Vector rest;
  Bits exponent;
};
KAIROS_INLINE Power power_of_e(Vector x) {
  const Vector shift = all(12582912.0F);  // 1.5 · 2^23: adding it rounds to an integer
  const Vector shifted = x * 1.44269504088896341F + shift;
  const Vector whole = shifted - shift;
  const Vector r = (x - whole * 0.693359375F) + whole * 2.12194440e-4F;
  Vector p = all(1.9875691500e-4F);
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  return {(p * r) * r + r, bits_of(shifted) - 0x4B400000};
}
/// 2^exponent of -126 … 127.
KAIROS_INLINE Vector power_of_two(Bits exponent) {
  return from_bits((exponent + 127) << 23);
}

/// e^x, infinite above 88.7. It is multiplied by two powers of 2, because one would overflow before e^x does.
KAIROS_INLINE Vector exponential(Vector x) {
  const Power power = power_of_e(at_least(-104, at_most(89, x)));
  const Bits half = power.exponent >> 1;
  return (1.0F + power.rest) * power_of_two(half) * power_of_two(power.exponent - half);
}
/// e^x - 1 without cancellation near 0, with x limited to -87 … 88.
KAIROS_INLINE Vector exponential_minus_one(Vector x) {
  const Power power = power_of_e(at_least(-87, at_most(88, x)));
  const Vector scale = power_of_two(power.exponent);
  return power.rest * scale + (scale - 1.0F);
}

KAIROS_INLINE Vector sigmoid(Vector x) {
  return 1.0F / (1.0F + exponential(-x));
}

/// e / (e + 2) with e = e^(2|x|) - 1 and the sign of x: accurate near 0, and ±1 far from it.
KAIROS_INLINE Vector tanh_of(Vector x) {
  constexpr std::int32_t sign_bit = INT32_MIN;
  const Vector e = exponential_minus_one(2.0F * magnitude(x));
  return from_bits(bits_of(e / (e + 2.0F)) | (bits_of(x) & sign_bit));
}

/// A quotient of polynomials with Eigen's coefficients.
KAIROS_INLINE Vector error_function(Vector x) {
  x = at_least(-4, at_most(4, x));
  const Vector s = x * x;
  Vector p = all(-2.72614225801306e-10F);
  p = p * s + 2.77068142495902e-08F;
  p = p * s + -2.10102402082508e-06F;
  p = p * s + -5.69250639462346e-05F;
  p = p * s + -7.34990630326855e-04F;
  p = p * s + -2.95459980854025e-03F;
  p = p * s + -1.60960333262415e-02F;
  Vector q = all(-1.45660718464996e-05F);
  q = q * s + -2.13374055278905e-04F;
  q = q * s + -1.68282697438203e-03F;
  q = q * s + -7.37332916720468e-03F;
  q = q * s + -1.42647390514189e-02F;
  return x * p / q;
}

/// x = (1 + fraction) · 2^exponent, with the fraction in √½ - 1 … √2 - 1. For positive normal numbers.
struct Parts {
  Vector fraction;
  Bits exponent;
};
KAIROS_INLINE Parts parts_of(Vector x) {
  constexpr int root_half = 0x3F3504F3;
  const Bits exponent = (bits_of(x) - root_half) >> 23;
  return {from_bits(bits_of(x) - (exponent << 23)) - 1.0F, exponent};
}

/// After Cephes' logf.
KAIROS_INLINE Vector logarithm_of_parts(const Parts& parts) {
  const Vector f = parts.fraction, exponent = __builtin_convertvector(parts.exponent, Vector), s = f * f;
  Vector p = all(7.0376836292e-2F);
  p = p * f + -1.1514610310e-1F;
  p = p * f + 1.1676998740e-1F;
  p = p * f + -1.2420140846e-1F;
  p = p * f + 1.4249322787e-1F;
  p = p * f + -1.6668057665e-1F;
  p = p * f + 2.0000714765e-1F;
  p = p * f + -2.4999993993e-1F;
  p = p * f + 3.3333331174e-1F;
  const Vector rest = (p * f) * s + exponent * -2.12194440e-4F - 0.5F * s;
  return (f + rest) + exponent * 0.693359375F;
}

/// -∞ for 0 and NaN for negative numbers. Denormal numbers count as the smallest normal one.
KAIROS_INLINE Vector logarithm(Vector x) {
  constexpr float infinite = __builtin_inff(), smallest = 1.17549435e-38F;
  const Vector result = logarithm_of_parts(parts_of(at_least(smallest, x)));
  // ∞ and NaN do not have such parts.
  const Vector positive = x < all(infinite) ? result : x + result;
  return x > Vector{} ? positive : (x == Vector{} ? all(-infinite) : all(__builtin_nanf("")));
}

/// log(1 + x) without cancellation near 0, for -1 < x < ∞. NaN does not stay.
KAIROS_INLINE Vector logarithm_of_one_plus(Vector x) {
  Parts parts = parts_of(1.0F + x);
  parts.fraction = parts.exponent == 0 ? x : parts.fraction;
  return logarithm_of_parts(parts);
}

/// log(1 + e^x)
KAIROS_INLINE Vector softplus(Vector x) {
  return at_least(0, x) + logarithm_of_one_plus(exponential(-magnitude(x)));
}

}  // namespace

}  // namespace kairos::host
