// SPDX-License-Identifier: MIT
// Rows that are read many fields at a time equal std::from_chars bit for bit; other rows are not read that
// way.
#include "data/csv/plain_rows.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <charconv>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "data/csv/block.hpp"
#include "data/csv/dataset.hpp"
#include "host/data/csv/decimal_text.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using kairos::tests::decimal_text;

namespace {

CsvColumns inputs_alone(std::size_t count) {
  CsvColumns columns;
  for (std::size_t i = 0; i < count; ++i) columns.all.push_back({"", ColumnUse::Input, 0, i});
  columns.sinks.push_back({ColumnUse::Input, "", count});
  return columns;
}

struct Result {
  std::int64_t rows;
  std::size_t stop;
  std::vector<float> values;
};

/// The plain rows at the beginning of `text`; it is surrounded by digits, which must not be read.
Result read(const PlainRows& plain, const std::string& text, std::size_t columns, std::int64_t count) {
  const std::string room(plain_rows_room, '7'), framed = room + text + room;
  std::vector<float> values(columns * static_cast<std::size_t>(count + 1));
  RowPlaces places{values.data()};
  const char* const begin = framed.data() + room.size();
  const PlainRows::Read read = plain.read(begin, begin + text.size(), count, places);
  CHECK(places[0] == values.data() + static_cast<std::size_t>(read.rows) * columns);
  values.resize(static_cast<std::size_t>(read.rows) * columns);
  return {read.rows, static_cast<std::size_t>(read.stop - begin), values};
}

std::optional<float> from_chars(const std::string& text) {
  float value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

bool same_bits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

/// Whether a field is read as plain. Fails if the value differs from std::from_chars.
bool is_plain(const std::string& field) {
  static const PlainRows plain(inputs_alone(1), ',');
  const Result result = read(plain, field + "\n", 1, 1);
  if (result.rows == 0) return false;
  const std::optional<float> expected = from_chars(field);
  INFO(field);
  REQUIRE(expected);
  REQUIRE(same_bits(result.values[0], *expected));
  return true;
}

}  // namespace

TEST_CASE("The numbers of a plain row equal std::from_chars bit for bit", "[host][data]") {
  if (!PlainRows::are_fast()) return;
  std::mt19937_64 random(12);
  int plain = 0;
  for (int i = 0; i < 300000; ++i) plain += is_plain(decimal_text(random)) ? 1 : 0;
  CHECK(plain > 100000);
}

TEST_CASE("Common forms of numbers are plain, ambiguous ones are not", "[host][data]") {
  if (!PlainRows::are_fast()) return;
  for (const char* text :
       {"0", "-0", "-0.0", "7", "-1.5", "1.", ".5", "0.30000001192092896", "1234567890123456789",
        "9999999999999999999", "-6.123233995736766036e-17", "9.99E+12", "1e-05", "0.000000000000000001"}) {
    INFO(text);
    CHECK(is_plain(text));
  }
  for (const char* text : {"",
                           "-",
                           ".",
                           "-.",
                           "--1",
                           "+1",
                           "1.2.3",
                           "1..2",
                           "nan",
                           "inf",
                           "1e",
                           "1e+",
                           "1e5",
                           "1e+005",
                           "e+05",
                           "-e-05",
                           "1e*05",
                           "1e+0a",
                           "12345678901234567890",
                           "0.0000000000000000001",
                           "1e+39",
                           "1e-42",
                           "16777217",
                           "0x1p3",
                           " 1",
                           "1 ",
                           "\"1\"",
                           "1\r2",
                           "abc",
                           "1;2"}) {
    INFO(text);
    CHECK_FALSE(is_plain(text));
  }
  CHECK_FALSE(is_plain(std::string(10000, '1')));
  CHECK_FALSE(is_plain(std::string(10000, '0') + "1"));
}

TEST_CASE("Rows of any length are read, up to the first one that is not plain", "[host][data]") {
  if (!PlainRows::are_fast()) return;
  std::mt19937_64 random(13);
  for (const std::size_t columns : {1, 2, 7, 300, 2000})
    for (const std::string line_end : {"\n", "\r\n"})
      for (const std::string fault : {"", "x", "1,", "1\n", "\"1\"", "\n"}) {
        INFO(columns << " columns, line ends of " << line_end.size() << ", \"" << fault << "\"");
        const PlainRows plain(inputs_alone(columns), ',');
        std::string text;
        std::vector<float> expected;
        for (int row = 0; row < 9; ++row)
          for (std::size_t i = 0; i < columns; ++i) {
            const std::string field =
                fmt::format("{:.{}g}", static_cast<double>(random()) * 0x1p-63 - 1, random() % 9 + 1);
            expected.push_back(*from_chars(field));
            text += field + (i + 1 < columns ? "," : line_end);
          }
        const std::size_t faultless = text.size();
        for (std::size_t i = 0; i < columns; ++i)
          text += (i == columns / 2 ? fault : std::string("1")) + (i + 1 < columns ? "," : "\n");
        const Result all = read(plain, text, columns, 9);
        CHECK(all.rows == 9);
        CHECK(all.stop == faultless);
        REQUIRE(all.values.size() == expected.size());
        CHECK(std::equal(expected.begin(), expected.end(), all.values.begin(), same_bits));
        if (columns > 2 || fault != "1\n")  // There the row ends with it.
          CHECK(read(plain, text, columns, 20).rows == 9);
        CHECK(read(plain, text, columns, 4).rows == 4);
        CHECK(read(plain, text, columns, 0).rows == 0);
        // An incomplete last line is not read.
        CHECK(read(plain, text.substr(0, faultless - line_end.size()), columns, 9).rows == 8);
      }
}

TEST_CASE("A CSV with plain rows between others is read correctly", "[host][data]") {
  const kairos::tests::TemporaryDirectory directory;
  std::mt19937_64 random(14);
  std::string plain, mixed;
  for (int row = 0; row < 3000; ++row) {
    // Long runs of both kinds, and frequent changes.
    const bool odd = row / 500 % 2 == 0 ? row % 100 < 50 : random() % 3 == 0;
    for (int i = 0; i < 5; ++i) {
      const std::string field =
          fmt::format("{:.7g}", static_cast<double>(i == 3 ? random() : random() % 1000) * 0x1p-60);
      plain += field + (i < 4 ? "," : "\n");
      mixed += (odd && i == row % 5 ? "\"" + field + "\"" : odd ? " " + field : field) + (i < 4 ? "," : "\n");
    }
  }
  DataSpec spec;
  spec.target = "2";
  spec.sample_weight = "3";
  spec.file = directory.put("plain.csv", plain);
  const Dataset expected = read_csv(spec, 1);
  spec.file = directory.put("mixed.csv", mixed);
  for (const std::size_t threads : {1, 3}) {
    const Dataset found = read_csv(spec, threads);
    CHECK(found.inputs[0].array.values == expected.inputs[0].array.values);
    CHECK(found.targets[0].array.values == expected.targets[0].array.values);
    CHECK(found.sample_weights[0].array.values == expected.sample_weights[0].array.values);
  }
  CHECK(expected.inputs[0].array.shape == std::vector<std::int64_t>{3000, 3});
}

TEST_CASE("A block of a CSV is inspected with the same result at once and byte by byte", "[host][data]") {
  std::mt19937_64 random(15);
  const LookAtCsvBlock look = best_look_at_csv_block();
  int plain = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text(csv_block_size + 1, '1');
    for (std::size_t n = random() % 40; n > 0; --n) text[random() % text.size()] = '\n';
    for (std::size_t n = random() % 3; n > 0; --n) {
      const std::size_t at = random() % csv_block_size;
      text[at] = '\r';
      text[at + 1] = random() % 8 == 0 ? 'x' : '\n';
    }
    if (random() % 4 == 0) text[random() % text.size()] = '"';
    const CsvBlock expected = look_at_csv_text(text.data(), csv_block_size), found = look(text.data());
    REQUIRE(found.line_feeds == expected.line_feeds);
    REQUIRE(found.plain == expected.plain);
    plain += expected.plain ? 1 : 0;
  }
  CHECK((plain > 500 && plain < 1900));
}
