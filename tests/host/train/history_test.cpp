// SPDX-License-Identifier: MIT
// History as numbers, as JSON, as CSV and as printed by Python.
#include "kairos/host/history.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

History sample() {
  History history;
  const std::vector<LogKey> keys = {{"loss", Direction::Min}, {"val_loss", Direction::Min}};
  history.append(0, keys, {{0.5, true}, {0, false}});
  history.append(1, keys, {{0.25, true}, {2, true}});
  history.append(2, keys, {{std::nan(""), true}, {0, false}});
  return history;
}

}  // namespace

TEST_CASE("History keeps lists of equal length, with gaps where a value was unavailable", "[host][train]") {
  const History history = sample();
  REQUIRE(history.find("val_loss")->size() == 3);
  CHECK_FALSE((*history.find("val_loss"))[0].has_value());
  CHECK((*history.find("val_loss"))[1] == 2.0);
  CHECK(history.last("val_loss") == 2.0);
  CHECK(history.find("nothing") == nullptr);
}

TEST_CASE("History prints as Python's str(history)", "[host][train]") {
  CHECK(sample().text() == "{'loss': [0.5, 0.25, nan], 'val_loss': [None, 2.0, None]}\n");
}

TEST_CASE("History writes CSV with NA for unavailable values", "[host][train]") {
  CHECK(sample().csv() == "epoch,loss,val_loss\n0,0.5,NA\n1,0.25,2\n2,nan,NA\n");
}

TEST_CASE("History reads back what it wrote as JSON", "[host][train]") {
  const History back = parse_history(sample().json(), "h.json");
  CHECK(back.epochs == std::vector<std::int64_t>{0, 1, 2});
  CHECK(std::isnan(*(*back.find("loss"))[2]));
  CHECK_FALSE((*back.find("val_loss"))[0].has_value());
  CHECK(back.json() == sample().json());
}

TEST_CASE("History reads a plain dictionary saved from Keras", "[host][train]") {
  CHECK(parse_history(R"({"loss": [1.5, NaN]})", "h.json").epochs.size() == 2);
}

TEST_CASE("A file that is not a History is rejected with what was found", "[host][train]") {
  const auto [json, found] = GENERATE(table<std::string, std::string>({
      {"[]", "found a value that is not an object"},
      {R"({"loss": 1})", "found \"loss\" that is not a list"},
      {R"({"loss": [1], "val_loss": [1, 2]})", "with 1 values where another key has 2"},
      {R"({"loss": ["x"]})", "found the value \"x\""},
      {R"({"epoch": [0], "history": {"loss": [1, 2]}})",
       "found \"epoch\" without one whole number per value"},
  }));
  CHECK_THAT(error_of([json = json] { return parse_history(json, "h.json"); }),
             Contains("KAIROS-F050: h.json") && Contains(found));
}

TEST_CASE("The extension of the file selects the format of a History", "[host][train]") {
  TemporaryDirectory dir;
  write_history(sample(), dir / "deep/h.csv");
  CHECK_THAT(content_of(dir / "deep/h.csv"), Contains("epoch,loss"));
  CHECK_THAT(error_of([&] { return write_history(sample(), dir / "h.yaml"), 0; }),
             Contains("expected .json, .csv or .txt"));
}
