// SPDX-License-Identifier: MIT
// What the JSON reader accepts and rejects, with its messages.
#include "base/json.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "host/temporary_directory.hpp"
#include "kairos/host/error.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

TEST_CASE("The JSON reader keeps numbers exactly", "[host][io]") {
  const nlohmann::json document = parse_json(R"({"a": [1, 0.1, "NaN -Infinity {["], "b": null})", "a.json");
  CHECK(document["a"][1].get<double>() == 0.1);
  CHECK(document["a"][2] == "NaN -Infinity {[");
  CHECK(document["b"].is_null());
}

TEST_CASE("The JSON reader reports errors with line and column", "[host][io]") {
  const TemporaryDirectory directory;
  const std::string deep = "{\"a\":\n" + std::string(10000, '[');
  struct Case {
    std::string text, sentence;
  };
  const Case cases[] = {
      {"{\n  \"a\": nul\n}", "KAIROS-F010: m.json:2:"},
      {"{\"a\": 1", "KAIROS-F010: m.json:1:"},
      {"", "KAIROS-F010: m.json:1:1: this is not valid JSON; found unexpected end of input"},
      {"[1e999]", "KAIROS-F010: m.json"},
      {"[\"\xff\"]", "KAIROS-F010: m.json:1:"},
      {"[1,\n NaN]",
       "KAIROS-F013: m.json:2:2: JSON does not support this number; found NaN, expected a finite number or "
       "null. "
       "Write null instead."},
      {"[-Infinity]", "KAIROS-F013: m.json:1:2: JSON does not support this number; found -Infinity"},
      {deep,
       "KAIROS-F011: m.json:2:256: the JSON is nested too deeply; found more than 256 levels, expected at "
       "most 256."},
  };
  for (const Case& c : cases) {
    INFO(c.text.substr(0, 40));
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(parse_json(c.text, "m.json")); }),
               Catch::Matchers::StartsWith(c.sentence));
  }
}

TEST_CASE("The JSON reader accepts Python's dialect on request", "[host][io]") {
  const TemporaryDirectory directory;
  const nlohmann::json document = parse_json(
      R"({"loss": [NaN, Infinity, -Infinity, 1.5], "NaN": "Infinity"})", "h.json", JsonDialect::Python);
  CHECK(std::isnan(document["loss"][0].get<double>()));
  CHECK(document["loss"][1].get<double>() == HUGE_VAL);
  CHECK(document["loss"][2].get<double>() == -HUGE_VAL);
  CHECK(document["NaN"] == "Infinity");
  CHECK_THAT(
      refusal(directory,
              [] { static_cast<void>(parse_json("[NaN, NaN,\n NaN x]", "h.json", JsonDialect::Python)); }),
      Catch::Matchers::StartsWith("KAIROS-F010: h.json:2:"));
  CHECK(refusal(directory,
                [] { static_cast<void>(parse_json("[{NaN: 1}]", "h.json", JsonDialect::Python)); }) ==
        "KAIROS-F010: h.json: this is not valid JSON; found NaN as a key, expected a string. Put it in "
        "quotes.");
}

TEST_CASE("The JSON reader accepts 256 levels", "[host][io]") {
  const std::string text = std::string(256, '[') + std::string(256, ']');
  CHECK(parse_json(text, "m.json").dump() == text);
}
