// SPDX-License-Identifier: MIT
// Records are found without parsing them, and any of them can be read, on any number of threads.
#include "data/csv/file.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "data/csv/dataset.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

DataSpec spec_for(const std::filesystem::path& file) {
  DataSpec spec;
  spec.file = file;
  spec.target = "-1";
  return spec;
}

/// A table of `rows` rows; row i is i, i/2, i%7, formatted according to `spelling`.
std::string table_of(std::int64_t rows, const std::string& spelling, const std::string& line_end) {
  std::string text = "a,b,y" + line_end;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::string half = std::to_string(i / 2) + (i % 2 == 0 ? ".0" : ".5");
    std::string first = std::to_string(i);
    if (spelling == "quoted" && i % 5 == 0) first = "\"" + first + "\"";
    std::string last = std::to_string(i % 7);
    if (spelling == "labels") last = "\"label\n" + last + "\"";
    text += first + "," + half + "," + last + line_end;
  }
  return text;
}

}  // namespace

TEST_CASE("A CSV reads the same on any number of threads", "[host][data]") {
  const TemporaryDirectory directory;
  for (const char* spelling : {"plain", "quoted", "labels"})
    for (const char* line_end : {"\n", "\r\n", "\r"})
      for (const std::int64_t rows : {1, 2, 63, 64, 65, 1000, 20000}) {
        INFO(spelling << ", " << rows << " rows, line ends of " << std::string(line_end).size());
        const DataSpec spec = spec_for(
            directory.put("t.csv", table_of(rows, spelling, line_end) + std::string(rows % 3, '\n')));
        for (const std::size_t threads : {1, 2, 3, 7}) {
          const Dataset data = read_csv(spec, threads);
          REQUIRE(data.size() == rows);
          bool same = true;
          for (std::int64_t i = 0; i < rows; ++i) {
            const auto at = static_cast<std::size_t>(i);
            same &= data.inputs[0].array.values[2 * at] == static_cast<float>(i) &&
                    data.inputs[0].array.values[2 * at + 1] == static_cast<float>(i) / 2 &&
                    data.targets[0].array.values[at] == static_cast<float>(i % 7);
          }
          CHECK(same);
        }
      }
}

TEST_CASE("A CSV is rejected for its first fault, whichever thread finds it", "[host][data]") {
  const TemporaryDirectory directory;
  const std::string good = table_of(30000, "plain", "\n");
  const auto sentence = [&](const std::string& text, std::size_t threads) {
    const DataSpec spec = spec_for(directory.put("t.csv", text));
    return refusal(directory, [&] { static_cast<void>(read_csv(spec, threads)); });
  };
  const auto with = [&](std::initializer_list<std::pair<const char*, const char*>> changes) {
    std::string text = good;
    for (const auto& [from, to] : changes) text.replace(text.find(from), std::string(from).size(), to);
    return text;
  };
  for (const std::size_t threads : {1, 2, 5}) {
    CHECK_THAT(sentence(with({{"\n29000,14500.0", "\n29000,x"}, {"\n1000,500.0", "\n1000,y"}}), threads),
               Catch::Matchers::StartsWith(
                   "KAIROS-D025: t.csv:1002: a field is not a number; found \"y\" in column \"b\""));
    CHECK_THAT(
        sentence(with({{"\n29000,14500.0", "\n29000"}}), threads),
        Catch::Matchers::StartsWith("KAIROS-D024: t.csv:29002: a row has a different number of fields; "
                                    "found 2 fields, expected 3, as in line 1"));
    CHECK_THAT(sentence(with({{"\n29000,", "\n\n29000,"}}), threads),
               Catch::Matchers::StartsWith("KAIROS-D034: t.csv:29002: a line is empty"));
    CHECK_THAT(sentence(with({{"\n29000,14500.0", "\n29000,nan"}}), threads),
               Catch::Matchers::StartsWith("KAIROS-D027: t.csv:29002: a value is not finite; found NaN"));
    CHECK_THAT(sentence(with({{"\n10,5.0", "\n\"10\n\",5.0"}, {"\n29000,14500.0", "\n29000,\"x"}}), threads),
               Catch::Matchers::StartsWith("KAIROS-D025: t.csv:12: a field is not a number; found \"10 \""));
    CHECK_THAT(sentence(with({{"\n29000,14500.0", "\n29000,\"1"}}), threads),
               Catch::Matchers::StartsWith("KAIROS-D029: t.csv:29002: a quoted field does not end"));
  }
}

TEST_CASE("A CSV whose header has more columns than the file has bytes is rejected at once", "[host][data]") {
  const TemporaryDirectory directory;
  std::string text = "c0";
  for (int i = 1; i < 50000; ++i) text += ",c" + std::to_string(i);
  for (int i = 0; i < 100000; ++i) text += "\n1";
  const DataSpec spec = spec_for(directory.put("t.csv", text));
  CHECK_THAT(
      refusal(directory, [&] { static_cast<void>(read_csv(spec)); }),
      Catch::Matchers::StartsWith("KAIROS-D024: t.csv:2: a row has a different number of fields; found 1 "
                                  "field, expected 50000, as in line 1"));
}

TEST_CASE("A header that is longer than the first block is read completely", "[host][data]") {
  const TemporaryDirectory directory;
  const std::size_t columns = 3 * csv_head;
  std::string header = "c0", row = "0";
  for (std::size_t i = 1; i < columns; ++i) {
    header += ",c" + std::to_string(i);
    row += ",1";
  }
  const Dataset data = read_csv(spec_for(directory.put("t.csv", header + "\n" + row + "\n" + row)));
  CHECK(data.inputs[0].array.shape == std::vector<std::int64_t>{2, static_cast<std::int64_t>(columns) - 1});
  CHECK(data.inputs[0].array.values[columns - 2] == 1);
}

TEST_CASE("Any rows of a CSV can be read separately", "[host][data]") {
  const TemporaryDirectory directory;
  for (const char* spelling : {"plain", "quoted"}) {
    const CsvFile file(spec_for(directory.put("t.csv", table_of(5000, spelling, "\n"))));
    REQUIRE(file.rows() == 5000);
    CsvFile::Text text;
    for (const std::int64_t first : {0, 1, 63, 64, 65, 777, 4990, 4999})
      for (const std::int64_t count : {1, 7, 200}) {
        const std::int64_t rows = std::min<std::int64_t>(count, 5000 - first);
        std::vector<float> inputs(static_cast<std::size_t>(2 * rows)),
            targets(static_cast<std::size_t>(rows));
        file.read(first, rows, {inputs.data(), targets.data(), nullptr, nullptr}, text);
        for (std::int64_t i = 0; i < rows; ++i) {
          CHECK(inputs[static_cast<std::size_t>(2 * i)] == static_cast<float>(first + i));
          CHECK(targets[static_cast<std::size_t>(i)] == static_cast<float>((first + i) % 7));
        }
      }
  }
}
