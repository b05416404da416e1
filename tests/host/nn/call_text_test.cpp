// SPDX-License-Identifier: MIT
#include "nn/call_text.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "host/error_text.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

TEST_CASE("A call is read with arguments by position and by name", "[host][train]") {
  const CallText call = parse_call(
      " dense ( 64 , relu, name = \"a, b\", kernel_initializer=RandomNormal(mean=0, stddev=.1)) ", "model");
  REQUIRE(call.name == "dense");
  REQUIRE(call.arguments.size() == 4);
  CHECK(call.arguments[0].name.empty());
  CHECK(call.arguments[0].value == "64");
  CHECK(call.arguments[1].value == "relu");
  CHECK(call.arguments[2].name == "name");
  CHECK(call.arguments[2].value == "a, b");
  CHECK(call.arguments[3].value == "RandomNormal(mean=0, stddev=.1)");
  CHECK(value_json(call.arguments[3].value).dump() ==
        R"({"class_name":"RandomNormal","config":{"mean":0,"stddev":0.1}})");
}

TEST_CASE("Parentheses may be omitted or empty", "[host][train]") {
  for (const char* text : {"flatten", "flatten()", "flatten( )"})
    CHECK(parse_call(text, "model").arguments.empty());
  CHECK(parse_calls("flatten relu() dense(3)dense(4)", "model").size() == 4);
  CHECK(parse_calls("  ", "model").empty());
}

TEST_CASE("The type of a value follows from its text", "[host][train]") {
  CHECK(value_json("true") == nlohmann::json(true));
  CHECK(value_json("False") == nlohmann::json(false));
  CHECK(value_json("None").is_null());
  CHECK(value_json("12").is_number_integer());
  CHECK(value_json("1e-3") == nlohmann::json(1e-3));
  CHECK(value_json("he_normal") == nlohmann::json("he_normal"));
  CHECK(value_json("(3, x)").dump() == R"([3,"x"])");
  CHECK(value_json("((1,2),(3,4))").dump() == "[[1,2],[3,4]]");
  CHECK(value_json("[1_000, .5, 5., +1, 0x10, 'a, b', \"True\",]").dump() ==
        R"([1000,0.5,5.0,1,16,"a, b","True"])");
  CHECK(value_json("float('inf')") == nlohmann::json(std::numeric_limits<double>::infinity()));
  CHECK(value_json("12px") == nlohmann::json("12px"));
}

TEST_CASE("A quoted value is a string", "[host][train]") {
  const CallText call = parse_call("f('None', a='1', b=\"it\\'s\", c=None,)", "model");
  REQUIRE(call.arguments.size() == 4);
  CHECK(argument_json(call.arguments[0]) == nlohmann::json("None"));
  CHECK(argument_json(call.arguments[1]) == nlohmann::json("1"));
  CHECK(argument_json(call.arguments[2]) == nlohmann::json("it's"));
  CHECK(argument_json(call.arguments[3]).is_null());
}

TEST_CASE("Text that is not a call is refused with the position of the error", "[host][train]") {
  const auto refusal = [](const std::string& text) {
    return error_of([&] { return parse_call(text, "optimizer"); });
  };
  const std::string cure = " Write it as name or name(argument,key=value).";
  CHECK(refusal("") ==
        "KAIROS-M009: optimizer: the text cannot be read at character 1; found the end of \"\", expected a "
        "name." +
            cure);
  CHECK(refusal("SGD(") ==
        "KAIROS-M009: optimizer: the text cannot be read at character 5; found the end of \"SGD(\", expected "
        "a value." +
            cure);
  CHECK(refusal("SGD(0.1") ==
        "KAIROS-M009: optimizer: the text cannot be read at character 8; found the end of "
        "\"SGD(0.1\", expected \",\" or \")\"." +
            cure);
  CHECK(refusal("SGD(lr=)") ==
        "KAIROS-M009: optimizer: the text cannot be read at character 8; found \")\", expected a value." +
            cure);
  CHECK(refusal("SGD(lr=1) x") ==
        "KAIROS-M009: optimizer: the text cannot be read at character 11; found \"x\", expected the end." +
            cure);
  CHECK(refusal("SGD(name=\"x)") ==
        "KAIROS-M009: optimizer: the text cannot be read at character 10; found an opening \", expected a "
        "closing one. Close the quote.");
  CHECK(refusal("a(" + std::string(100, '(')).find("expected fewer nested brackets") != std::string::npos);
  CHECK(refusal(std::string(2 << 20, 'a')).find("found more than 1048576 characters") != std::string::npos);
  CHECK(error_of([] { return call_json(parse_call("SGD(0.1)", "optimizer"), "optimizer"); }) ==
        "KAIROS-M009: optimizer: the arguments of SGD need names; found \"0.1\", expected key=value. "
        "Write the argument's name and = before it.");
  CHECK(error_of([] { return parse_calls("dense(2,relu),dense(3)", "model"); }) ==
        "KAIROS-M009: model: the text cannot be read at character 14; found \",dense(3)\", expected a space "
        "before the next name. Write spaces between them: dense(16,relu) dense(10,softmax).");
  CHECK(error_of([] { return call_json(parse_call("SGD(lr=1,lr=2)", "optimizer"), "optimizer"); }) ==
        "KAIROS-M009: optimizer: \"lr\" is given twice. Remove one.");
}
