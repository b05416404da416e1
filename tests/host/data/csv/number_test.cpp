// SPDX-License-Identifier: MIT
// The fast conversion from decimal text to float equals std::from_chars bit for bit.
#include "data/csv/number.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <charconv>
#include <random>
#include <string>

#include "host/data/csv/decimal_text.hpp"

using namespace kairos::host;

namespace {

/// `text` with readable bytes around it, as in a file.
struct Framed {
  explicit Framed(const std::string& text) : all(std::string(fast_number_behind, ' ') + text + ",") {
    all.append(fast_number_ahead, ' ');
  }
  [[nodiscard]] const char* begin() const { return all.data() + fast_number_behind; }
  std::string all;
};

enum class Way { Fast, Other, Wrong };

/// The path that a number takes; Wrong if the fast path differs from std::from_chars.
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

}  // namespace

TEST_CASE("The fast path equals std::from_chars bit for bit", "[host][data]") {
  std::mt19937_64 random(11);
  int fast = 0;
  for (int i = 0; i < 300000; ++i) {
    const std::string text = kairos::tests::decimal_text(random);
    const Way way = way_of(text);
    fast += way == Way::Fast ? 1 : 0;
    if (way == Way::Wrong) {
      INFO(text);
      CHECK(way != Way::Wrong);
    }
  }
  CHECK(fast > 100000);
}

TEST_CASE("Common forms of numbers take the fast path, ambiguous ones do not", "[host][data]") {
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
