// SPDX-License-Identifier: MIT
// The writer of the manifest: numbers, text and lists, at compile time.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <kairos/plugin.hpp>
#include <limits>
#include <random>
#include <string>

namespace {

using kairos::detail::Sink;

template <class Write>
std::string written(Write write) {
  Sink counter;
  write(counter);
  std::string text(counter.length, '\0');
  Sink sink{text.data(), 0};
  write(sink);
  CHECK(sink.length == counter.length);
  return text;
}

std::string number(double value) {
  return written([value](Sink& sink) { sink.number(value); });
}

double read_back(std::string text) {
  if (text.front() == '"') text = text.substr(1, text.size() - 2);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  CHECK(*end == '\0');
  return value;
}

}  // namespace

TEST_CASE("Sink writes the shortest number that reads back equal", "[sdk][manifest]") {
  const struct {
    double value;
    const char* text;
  } table[] = {
      {0.0, "0"},
      {1.0, "1"},
      {-1.0, "-1"},
      {10.0, "1e1"},
      {0.1, "1e-1"},
      {1e-4, "1e-4"},
      {2.5, "25e-1"},
      {-0.001, "-1e-3"},
      {123456.789, "123456789e-3"},
      {1e22, "1e22"},
      {std::numeric_limits<double>::infinity(), "\"inf\""},
      {-std::numeric_limits<double>::infinity(), "\"-inf\""},
      {std::numeric_limits<double>::quiet_NaN(), "\"nan\""},
      {std::numeric_limits<double>::max(), "\"0x1.fffffffffffffp1023\""},
      {std::numeric_limits<double>::denorm_min(), "\"0x0.0000000000001p-1022\""},
  };
  for (const auto& row : table) CHECK(number(row.value) == row.text);
}

TEST_CASE("Sink writes every number exactly", "[sdk][manifest]") {
  const double chosen[] = {1.0 / 3,
                           0.1 + 0.2,
                           std::nextafter(1.0, 2.0),
                           9007199254740991.0,
                           9007199254740992.0,
                           9007199254740994.0,
                           1e23,
                           5e-324,
                           2.2250738585072014e-308,
                           3.1415926535897931,
                           -7.0e-45,
                           1.7976931348623157e308};
  for (const double value : chosen) CHECK(read_back(number(value)) == value);
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isnan(value)) continue;
    const std::string text = number(value);
    if (read_back(text) != value) FAIL(text);
    const double decimal = static_cast<double>(static_cast<std::int64_t>(bits % 2000000) - 1000000) / 1000.0;
    if (read_back(number(decimal)) != decimal) FAIL(number(decimal));
  }
}

TEST_CASE("Sink writes integers of the whole range", "[sdk][manifest]") {
  const auto integer = [](std::int64_t value) {
    return written([value](Sink& sink) { sink.integer(value); });
  };
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{42}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()})
    CHECK(integer(value) == std::to_string(value));
}

TEST_CASE("Sink escapes characters that JSON does not allow in text", "[sdk][manifest]") {
  const auto quoted = [](const char* text) { return written([text](Sink& sink) { sink.quoted(text); }); };
  CHECK(quoted("") == R"("")");
  CHECK(quoted("plain, text") == R"("plain, text")");
  CHECK(quoted("a\"b\\c") == R"("a\"b\\c")");
  CHECK(quoted("line\nend\t\x01") == R"("line\u000aend\u0009\u0001")");
  CHECK(quoted("größer") == "\"größer\"");
}

TEST_CASE("Sink writes a list of words as an array", "[sdk][manifest]") {
  const auto words = [](const char* text) { return written([text](Sink& sink) { sink.words(text); }); };
  CHECK(words("one") == R"(["one"])");
  CHECK(words("auto,min,max") == R"(["auto","min","max"])");
  CHECK(words("a\"b,c") == R"(["a\"b","c"])");
}
