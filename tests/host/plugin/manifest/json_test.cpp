// SPDX-License-Identifier: MIT
// The quick way through the JSON of a manifest against the general one.
#include "plugin/manifest/json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

using namespace kairos::host;
using nlohmann::json;

namespace {

json again(const JsonValue& value) {
  using Kind = JsonValue::Kind;
  json out;
  switch (value.kind) {
    case Kind::Null:
      break;
    case Kind::Boolean:
      return value.integer == 1;
    case Kind::Integer:
      return value.integer;
    case Kind::Large:
    case Kind::Float:
      return value.number;
    case Kind::Text:
      return std::string(value.text);
    case Kind::List:
      out = json::array();
      for (const JsonValue& child : value.children()) out.push_back(again(child));
      break;
    case Kind::Object:
      out = json::object();
      for (const JsonValue& child : value.children()) out[std::string(child.key)] = again(child);
      break;
  }
  REQUIRE(out.size() == value.count);
  return out;
}

}  // namespace

TEST_CASE("A manifest as the SDK writes it is read in one pass", "[host][plugin]") {
  const std::string text = GENERATE(
      R"({"version":"1.0.0","callbacks":[null,{"id":"a.B","options":[null,{"name":"n","default":10,"min":-3}]}]})",
      R"( { "a" : [ ] , "b" : { } , "c" : [ true , false , null ] } )",
      R"({"default":1e-4,"min":0.5,"max":-2E+3,"x":"0x1.8p+1"})",
      R"({"help":"says \"so\", \\ and \/ and a tab\t","separator":"\n"})", R"([0,1,-1,123456789012345678])",
      R"("a text alone")", "17");
  CAPTURE(text);
  const ManifestJson manifest(text);
  CHECK(manifest.plain());
  CHECK(again(manifest.root()) == json::parse(text));
}

TEST_CASE("What is unusual in a manifest is left to the parser that knows all of JSON", "[host][plugin]") {
  const std::string text = GENERATE(
      R"({"help":"caf\u00e9"})", "{\"help\":\"caf\xc3\xa9\"}", R"({"a":1,"a":2})", R"([1234567890123456789])",
      R"([18446744073709551615])", R"([-0])", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]");
  CAPTURE(text);
  const ManifestJson manifest(text);
  CHECK_FALSE(manifest.plain());
  CHECK(again(manifest.root()) == json::parse(text));
}

TEST_CASE("What is no JSON is refused in a manifest", "[host][plugin]") {
  const std::string text =
      GENERATE("", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "[01]", "[1.]", "[.5]", "[1e]", "[+1]", "[1 2]",
               "nul", "\"open", "\"\x01\"", "\"\\x\"", "[1]]", "{1:2}", "[NaN]", "\"\xff\"");
  CAPTURE(text);
  CHECK_THROWS(ManifestJson(text));
}

TEST_CASE("A key of a manifest is found in its object alone", "[host][plugin]") {
  const ManifestJson manifest(R"({"a":{"b":1,"c":[2,3]},"c":4})");
  const JsonValue& root = manifest.root();
  REQUIRE(root.find("c") != nullptr);
  CHECK(root.find("c")->integer == 4);
  CHECK(root.find("b") == nullptr);
  REQUIRE(root.find("a") != nullptr);
  CHECK(root.find("a")->find("c")->count == 2);
  CHECK(root.find("c")->find("a") == nullptr);
}
