// SPDX-License-Identifier: MIT
// Random text to test number parsers with.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>

namespace kairos::tests {

/// Numbers of every kind, and text that is not a number.
inline std::string decimal_text(std::mt19937_64& random) {
  const auto one_float = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  switch (random() % 7) {
    case 0:
      return fmt::format("{:.{}g}", one_float, random() % 19 + 1);
    case 1: {  // Near the middle of two floats, where rounding is hardest.
      const double middle =
          (static_cast<double>(one_float) + static_cast<double>(std::nextafter(one_float, HUGE_VALF))) / 2;
      return fmt::format("{:.{}g}", middle, random() % 6 + 14);
    }
    case 2:
      return fmt::format("{}{}.{}", random() % 2 == 0 ? "-" : "", random() >> random() % 63,
                         random() >> random() % 63);
    case 3:
      return fmt::format("{}.{:0{}}e{}", static_cast<int>(random() % 1000) - 500, random() % 1000000,
                         random() % 16 + 1, static_cast<int>(random() % 120) - 60);
    case 4: {
      std::string text;
      for (std::size_t i = random() % 20 + 1; i > 0; --i) text += "0123456789.-+eE,"[random() % 16];
      return text;
    }
    case 5:  // The form that NumPy writes.
      return fmt::format("{:.18e}", static_cast<double>(one_float));
    default:
      return fmt::format("{:.{}f}", static_cast<double>(random() % 2000001) / 1000 - 1000, random() % 10);
  }
}

}  // namespace kairos::tests
