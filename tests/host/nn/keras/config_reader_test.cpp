// SPDX-License-Identifier: MIT
#include "nn/keras/config_reader.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "host/error_text.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

const nlohmann::json object = nlohmann::json::parse(
    R"({"yes": true, "number": 0.5, "integer": 3, "whole": 4.0, "text": "a", "null": null, "huge": 1e300})");

}  // namespace

TEST_CASE("A configuration returns typed values and defaults", "[host][train]") {
  ConfigReader config(object, "thing");
  CHECK(config.boolean("yes", false));
  CHECK(config.boolean("missing", true));
  CHECK(config.number("number", 1, {0, 1}) == 0.5);
  CHECK(config.number("null", 7, {0, 10}) == 7);
  CHECK(config.required_integer("integer", {0, 10}) == 3);
  CHECK(config.required_integer("whole", {0, 10}) == 4);
  CHECK(config.text("text", "b") == "a");
  CHECK(config.optional_number("missing", {0, 1}) == std::nullopt);
}

TEST_CASE("A configuration refuses invalid values with key, found and expected", "[host][train]") {
  ConfigReader config(object, "thing");
  const auto sentence = [](const char* key, const char* found, const char* expected) {
    return std::string("KAIROS-M003: thing: \"") + key + "\" has a value that cannot be used; found " +
           found + ", expected " + expected + ". Give \"" + key + "\" such a value.";
  };
  CHECK(error_of([&] { return config.boolean("number", false); }) ==
        sentence("number", "0.5", "true or false"));
  CHECK(error_of([&] {
          return config.number("integer", 0, {0, 1});
        }) == sentence("integer", "3", "a number from 0 to 1"));
  CHECK(error_of([&] {
          return config.number("text", 0, {0, 1e30});
        }) == sentence("text", "\"a\"", "a number from 0 to 1e+30"));
  CHECK(error_of([&] {
          return config.optional_number("huge", {-3e38, 3e38});
        }) == sentence("huge", "1e+300", "a number from -3e+38 to 3e+38"));
  CHECK(error_of([&] {
          return config.required_integer("number", {1, 9});
        }) == sentence("number", "0.5", "an integer from 1 to 9"));
  CHECK(error_of([&] {
          return config.required_integer("huge", {1, 9});
        }) == sentence("huge", "1e+300", "an integer from 1 to 9"));
  CHECK(error_of([&] {
          return config.required_integer("missing", {1, 9});
        }) ==
        "KAIROS-M003: thing: \"missing\" is missing; expected an integer from 1 to 9. Give \"missing\".");
  CHECK(error_of([&] { return config.text("yes", ""); }) == sentence("yes", "true", "a text"));
}

TEST_CASE("A key that was not read is refused even if it is null", "[host][train]") {
  const nlohmann::json small{{"rate", 1}, {"raet", nullptr}};
  ConfigReader config(small, "thing");
  (void)config.number("rate", 0, {0, 1});
  CHECK(error_of([&] {
          config.finish();
          return 0;
        }) == "KAIROS-M002: thing: there is no argument \"raet\". Did you mean \"rate\"?");
}

TEST_CASE("An unsupported key is accepted with a neutral value", "[host][train]") {
  const nlohmann::json small{{"sparse", false}, {"constraint", "max_norm"}, {"none", nullptr}};
  ConfigReader config(small, "thing");
  config.unsupported("sparse", false, "");
  config.unsupported("none", nullptr, "");
  CHECK(error_of([&] {
          config.unsupported("constraint", nullptr, "Remove it");
          return 0;
        }) ==
        "KAIROS-M004: thing: \"constraint\" is not supported; found \"max_norm\", expected null. Remove it.");
}

TEST_CASE("A configuration that is not an object is refused", "[host][train]") {
  const nlohmann::json list = nlohmann::json::array({1});
  CHECK(error_of([&] {
          ConfigReader config(list, "thing");
          return 0;
        }) ==
        "KAIROS-M003: thing: the configuration is not an object; found [1], expected an object such as "
        "{\"units\": 64}. Write such an object.");
}
