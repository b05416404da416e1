// SPDX-License-Identifier: MIT
// Random draws that depend on a key alone, such as the bits of Event::random: a resumed run draws the same
// without any state.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace kairos::plugins {

/// SplitMix64 (Steele, Lea and Flood 2014): a new key for each pair of key and number.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t key, std::uint64_t number = 0) {
  std::uint64_t z = key + (number + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// A new key for each pair of key and text.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t key, std::string_view text) {
  for (const char c : text) key = mixed(key, static_cast<unsigned char>(c));
  return mixed(key, text.size());
}

/// A sequence of draws that depends on its key alone.
class Draws {
 public:
  explicit Draws(std::uint64_t key) : key_(key) {}

  [[nodiscard]] std::uint64_t bits() { return mixed(key_, drawn_++); }
  /// In (0, 1).
  [[nodiscard]] double uniform() { return (static_cast<double>(bits() >> 12) + 0.5) * 0x1p-52; }
  /// One of 0 … bound - 1, each as likely.
  [[nodiscard]] std::int64_t below(std::int64_t bound) {
    const auto all = static_cast<std::uint64_t>(bound);
    const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % all;
    std::uint64_t number = bits();
    while (number >= limit) number = bits();
    return static_cast<std::int64_t>(number % all);
  }
  /// Two of the standard normal distribution (Box and Muller 1958).
  [[nodiscard]] std::pair<double, double> normals() {
    constexpr double two_pi = 6.28318530717958647692;
    const double radius = std::sqrt(-2 * std::log(uniform()));
    const double angle = two_pi * uniform();
    return {radius * std::cos(angle), radius * std::sin(angle)};
  }
  /// Of the distribution Beta(a, b), a and b > 0. In logarithms, because small parameters underflow.
  [[nodiscard]] double beta(double a, double b) {
    const double log_x = log_gamma_variate(a);
    const double log_y = log_gamma_variate(b);
    return 1 / (1 + std::exp(log_y - log_x));
  }
  /// Fills `order` with a random order of 0 … count - 1.
  void permute(std::vector<std::int64_t>& order, std::int64_t count) {
    order.resize(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
      const auto j = static_cast<std::size_t>(below(i + 1));
      order[static_cast<std::size_t>(i)] = order[j];
      order[j] = i;
    }
  }

 private:
  /// The logarithm of a draw from Gamma(shape, 1) (Marsaglia and Tsang 2000).
  [[nodiscard]] double log_gamma_variate(double shape) {
    if (shape < 1) {
      const double boost = std::log(uniform()) / shape;
      return log_gamma_variate(shape + 1) + boost;
    }
    const double d = shape - 1.0 / 3;
    const double c = 1 / std::sqrt(9 * d);
    while (true) {
      const double x = normals().first;
      const double v = std::pow(1 + c * x, 3);
      if (v > 0 && std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
    }
  }

  std::uint64_t key_;
  std::uint64_t drawn_ = 0;  ///< numbers of `bits`
};

}  // namespace kairos::plugins
