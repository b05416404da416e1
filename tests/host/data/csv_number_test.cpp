// SPDX-License-Identifier: MIT
// The fast way from decimal text to float gives what std::from_chars gives, to the bit.
#include "data/csv_number.hpp"

#include <fmt/format.h>

#include <bit>
#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <random>
#include <string>

using namespace kairos::host;

namespace {

/// `text` with room around it, as it has in a file.
struct Framed {
  explicit Framed(const std::string& text) : all(std::string(fast_number_behind, ' ') + text + ",") {
    all.append(fast_number_ahead, ' ');
  }
  [[nodiscard]] const char* begin() const { return all.data() + fast_number_behind; }
  std::string all;
};

enum class Way { Fast, Other, Wrong };

/// Which way a number goes; Wrong if the fast one reads something else than std::from_chars.
Way way_of(const std::string& text) {
  const Framed framed(text);
  const char* stop = framed.begin();
  float value = 0, expected = 0;
  if (!fast_number(stop, value)) return stop == framed.begin() ? Way::Other : Way::Wrong;
  const auto [end, error] = std::from_chars(framed.begin(), framed.all.data() + framed.all.size(), expected);
  const bool same = error == std::errc{} && end == stop &&
                    std::bit_cast<std::uint32_t>(value) == std::bit_cast<std::uint32_t>(expected);
  return same ? Way::Fast : Way::Wrong;
}

/// Numbers of every kind, and text that is none.
std::string random_text(std::mt19937_64& random) {
  const auto one_float = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  switch (random() % 6) {
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
    default:
      return fmt::format("{:.{}f}", static_cast<double>(random() % 2000001) / 1000 - 1000, random() % 10);
  }
}

}  // namespace

TEST_CASE("A number read the fast way is std::from_chars' to the bit", "[host][data]") {
  std::mt19937_64 random(11);
  int fast = 0;
  for (int i = 0; i < 300000; ++i) {
    const std::string text = random_text(random);
    const Way way = way_of(text);
    fast += way == Way::Fast ? 1 : 0;
    if (way == Way::Wrong) {
      INFO(text);
      CHECK(way != Way::Wrong);
    }
  }
  CHECK(fast > 100000);
}

TEST_CASE("Numbers as programs write them go the fast way, what is doubtful does not", "[host][data]") {
  for (const char* text : {"0", "-0", "7", "-1.5", "1.", "0.30000001192092896", "1234567890123456789",
                           "-6.123233995736766036e-17", "9.99e22", "1E5", "0.1e-3"}) {
    INFO(text);
    CHECK(way_of(text) == Way::Fast);
  }
  for (const char* text : {"", "-", "+1", ".5", "nan", "inf", "1e", "1e+", "1e1000", "12345678901234567890",
                           "1e39", "1e-42", "16777217" /* the middle of two floats */, "1e-50", "abc"}) {
    INFO(text);
    CHECK(way_of(text) == Way::Other);
  }
}
