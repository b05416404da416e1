// SPDX-License-Identifier: MIT
// Converts decimal text to the nearest float, faster than std::from_chars for common forms.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kairos::host {

namespace decimal {

static_assert(std::endian::native == std::endian::little, "the first character is taken for the lowest byte");

/// Powers of ten, each the nearest double.
constexpr int largest_power = 45;
inline constexpr std::array<double, 2 * largest_power + 1> powers_of_ten = {
    1e-45, 1e-44, 1e-43, 1e-42, 1e-41, 1e-40, 1e-39, 1e-38, 1e-37, 1e-36, 1e-35, 1e-34, 1e-33,
    1e-32, 1e-31, 1e-30, 1e-29, 1e-28, 1e-27, 1e-26, 1e-25, 1e-24, 1e-23, 1e-22, 1e-21, 1e-20,
    1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9,  1e-8,  1e-7,
    1e-6,  1e-5,  1e-4,  1e-3,  1e-2,  1e-1,  1e0,   1e1,   1e2,   1e3,   1e4,   1e5,   1e6,
    1e7,   1e8,   1e9,   1e10,  1e11,  1e12,  1e13,  1e14,  1e15,  1e16,  1e17,  1e18,  1e19,
    1e20,  1e21,  1e22,  1e23,  1e24,  1e25,  1e26,  1e27,  1e28,  1e29,  1e30,  1e31,  1e32,
    1e33,  1e34,  1e35,  1e36,  1e37,  1e38,  1e39,  1e40,  1e41,  1e42,  1e43,  1e44,  1e45};
inline constexpr std::array<std::uint64_t, 9> whole_powers = {1,      10,      100,      1000,     10000,
                                                              100000, 1000000, 10000000, 100000000};

/// A bit for each of the 16 characters at `p` that is not a digit.
inline std::uint64_t others_in_16(const char* p) noexcept {
#if defined(__SSE2__)
  const __m128i digits =
      _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), _mm_set1_epi8('0'));
  const __m128i are = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
  return static_cast<std::uint64_t>(~_mm_movemask_epi8(are) & 0xFFFF);
#else
  std::uint64_t bits = 0;
  for (int i = 0; i < 16; ++i) bits |= std::uint64_t{p[i] < '0' || p[i] > '9'} << i;
  return bits;
#endif
}

/// The value of the last `count` of the eight characters at `p`, which are digits. `count` is 0 to 8.
inline std::uint64_t last_digits(const char* p, unsigned count) noexcept {
  std::uint64_t bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  bytes &= 0x0F0F0F0F0F0F0F0F;
  // Clears the preceding characters. In two steps, as a shift by 64 is undefined.
  const unsigned half = 32 - 4 * count;
  bytes = bytes >> half >> half << half << half;
  bytes = bytes * 10 + (bytes >> 8);
  constexpr std::uint64_t pairs = 0x000000FF000000FF;
  bytes = ((bytes & pairs) * 0x000F424000000064 + ((bytes >> 16) & pairs) * 0x0000271000000001) >> 32;
  return bytes & 0xFFFFFFFF;
}

/// `value` followed by the `count` digits that end at `end`; at most 24. Reads 24 characters before `end`.
[[gnu::always_inline]] inline std::uint64_t append_digits(std::uint64_t value, const char* end,
                                                          unsigned count) noexcept {
  // Six, not eight: so nearly all numbers that were rounded to some digits, whose fractions differ in length
  // by one or two, take the same branch.
  if (count <= 6) return value * whole_powers[count] + last_digits(end - 8, count);
  if (count > 16) {
    value = value * whole_powers[count - 16] + last_digits(end - 24, count - 16);
    count = 16;
  }
  const unsigned low = std::min(count, 8U), high = count - low;
  value = value * whole_powers[high] + last_digits(end - 16, high);
  return value * whole_powers[low] + last_digits(end - 8, low);
}

/// Reads "+12", "-3": the exponent after the e. Returns false if there is none, or if it has more than three
/// digits.
[[gnu::always_inline]] inline bool read_exponent(const char*& p, int& power) noexcept {
  const auto digit = [](char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0'; };
  const bool minus = *p == '-';
  p += static_cast<int>(minus) | static_cast<int>(*p == '+');
  unsigned value = 0;
  int count = 0;
  if (digit(p[0]) < 10 && digit(p[1]) < 10 && digit(p[2]) >= 10) {  // The form that printf and NumPy write.
    value = 10 * digit(p[0]) + digit(p[1]);
    count = 2;
  } else {
    for (; count < 4 && digit(p[count]) < 10; ++count) value = value * 10 + digit(p[count]);
  }
  p += count;
  const int sign = 1 - 2 * static_cast<int>(minus);
  power += sign * static_cast<int>(value);
  return count > 0 && count < 4;
}

/// Whether rounding the product of up to 19 digits and a power of ten may give a different float than
/// rounding the exact value. Digits, power and product are each rounded to 53 bits, so the product is off by
/// less than 4 units in its last place: the result can differ only that close to the middle of two floats.
/// `product` is zero or a normal float.
[[gnu::always_inline]] inline bool is_between_floats(double product) noexcept {
  constexpr unsigned bits_beyond_float = 29, margin = 8;
  const auto bits = static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(product));
  const std::uint32_t middle = std::uint32_t{1} << (bits_beyond_float - 1);
  return (bits - (middle - margin)) << (32 - bits_beyond_float) <= 2 * margin << (32 - bits_beyond_float);
}

}  // namespace decimal

/// How many characters `fast_number` may read, starting 24 before the number.
constexpr std::ptrdiff_t fast_number_behind = 24, fast_number_ahead = 48;

/// Reads a number at `at` and moves after it; or returns false without moving if std::from_chars has to
/// decide: more than 19 digits or 31 characters, very large or small values, text that is not a number, or a
/// decimal so close to the middle of two floats that double precision cannot tell which is nearer. The result
/// is the float nearest to the decimal.
[[gnu::always_inline]] inline bool fast_number(const char*& at, float& value) noexcept {
  const char* const p = at;
  const bool negative = *p == '-';
  std::uint64_t others =
      decimal::others_in_16(p) | decimal::others_in_16(p + 16) << 16 | std::uint64_t{1} << 32;
  others &= ~static_cast<std::uint64_t>(negative);
  const int whole_end = std::countr_zero(others);
  const int whole = whole_end - static_cast<int>(negative);
  if (whole == 0 || whole > 19) return false;
  std::uint64_t digits = decimal::append_digits(0, p + whole_end, static_cast<unsigned>(whole));
  const char* end = p + whole_end;
  int power = 0;
  if (*end == '.') {
    others &= others - 1;
    const int fraction_end = std::countr_zero(others);
    const int fraction = fraction_end - whole_end - 1;
    if (whole + fraction > 19) return false;
    end = p + fraction_end;
    digits = decimal::append_digits(digits, end, static_cast<unsigned>(fraction));
    power = -fraction;
  }
  if ((*end | 0x20) == 'e' && !decimal::read_exponent(++end, power)) return false;
  if (end - p > 31 || power < -decimal::largest_power || power > decimal::largest_power) return false;
  const double product = static_cast<double>(digits) *
                         decimal::powers_of_ten[static_cast<std::size_t>(power + decimal::largest_power)];
  constexpr double smallest_normal = 0x1p-126, nearly_largest = 0x1.fffffep127;
  if (!(product > smallest_normal && product < nearly_largest)) {
    if (digits != 0) return false;
  } else if (decimal::is_between_floats(product)) {
    return false;
  }
  // The sign is the highest bit, for zero too.
  value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(static_cast<float>(product)) |
                               static_cast<std::uint32_t>(negative) << 31);
  at = end;
  return true;
}

}  // namespace kairos::host
