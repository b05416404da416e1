// SPDX-License-Identifier: MIT
// Formulas: their values and their mistakes.
#include "plugin/options/expression.hpp"

#include <catch2/catch.hpp>
#include <clocale>
#include <cmath>
#include <vector>

#include "kairos/host/error.hpp"

using namespace kairos::host;

namespace {

const std::vector<std::string> variables = {"epoch", "lr"};

double value_of(std::string_view text, double epoch, double lr) {
  Expression expression(text, variables, "schedule");
  const double values[] = {epoch, lr};
  return expression.evaluate(values);
}

}  // namespace

TEST_CASE("Expression computes what C++ would, to the last bit", "[host][plugin]") {
  CHECK(value_of("0.01*0.5^floor((1+epoch)/10)", 19, 0) == 0.01 * std::pow(0.5, 2));
  CHECK(value_of("lr*0.1*3", 0, 0.7) == 0.7 * 0.1 * 3);
  CHECK(value_of("lr ** 2", 0, 3) == 9);
  CHECK(value_of("epoch < 5 ? lr : lr * exp(-0.1)", 5, 0.5) == 0.5 * std::exp(-0.1));
  CHECK(value_of("log(e)", 0, 0) == 1);
  CHECK(value_of("cos(pi)", 0, 0) == -1);
  CHECK(value_of("max(lr, 1, epoch)", 3, 2) == 3);
  CHECK(value_of("mod(0-1, 3)", 0, 0) == 2);
  CHECK(value_of("fmod(0-1, 3)", 0, 0) == -1);
  CHECK(value_of("ceil(0.2) + round(2.5) + pow(2, 3)", 0, 0) == 12);
  CHECK(value_of("epoch >= 2 && lr != 0", 2, 1) == 1);
  CHECK(std::isnan(value_of("sqrt(0-lr)", 0, 1)));
  CHECK(value_of("1/epoch", 0, 1) == HUGE_VAL);
}

TEST_CASE("Expression can be evaluated again and again", "[host][plugin]") {
  Expression expression("epoch*10+lr", variables, "schedule");
  Expression moved = std::move(expression);
  for (int epoch = 0; epoch < 100; ++epoch) {
    const double values[] = {static_cast<double>(epoch), 0.5};
    CHECK(moved.evaluate(values) == epoch * 10 + 0.5);
  }
}

TEST_CASE("Expression does not depend on the locale", "[host][plugin]") {
  const char* old = std::setlocale(LC_ALL, nullptr);
  const std::string before = old;
  // Not every system has it; then this says no more than the other tests.
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  CHECK(value_of("1.5*2", 0, 0) == 3);
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("Expression says where a formula is wrong", "[host][plugin]") {
  struct Case {
    std::string text;
    const char* sentence;
  };
  const auto row = GENERATE(
      Case{" ",
           "the expression is empty; found nothing, expected a formula. Write one, such as "
           "0.1*0.5^floor(epoch/10)."},
      Case{"0.1*epohc", "the expression is malformed at column 5; found \"epohc\". Did you mean \"epoch\"?"},
      Case{"flor(epoch)", "the expression is malformed at column 1; found \"flor\". Did you mean \"floor\"?"},
      Case{"lr*(1+2", "the expression is malformed at column 8; found \")\". Variables are epoch, lr."},
      Case{"lr = 3",
           "the expression is malformed at column 4; found an assignment. Compare with ==, or write the "
           "value in its place."},
      Case{"lr, 3", "the expression is malformed at column 3; found several formulas. Give one formula."},
      Case{"\"a\"", "the expression is malformed at column 1; found a text. Use numbers and variables only."},
      Case{std::string(1025, '1'),
           "the expression is too long; found 1025 characters, expected at most 1024. Write a plugin for a "
           "schedule this long."},
      Case{std::string(65, '(') + "1" + std::string(65, ')'),
           "the expression is malformed at column 65; found more than 64 levels. Write it with fewer "
           "parentheses."});
  CHECK_THROWS_WITH(Expression(row.text, variables, "LearningRateScheduler, option schedule"),
                    std::string("KAIROS-O027: LearningRateScheduler, option schedule: ") + row.sentence);
}

TEST_CASE("Expression survives anything that can be typed", "[host][plugin]") {
  const std::string alphabet = "0123456789.eE+-*/^()?:,<>=!&|_ xlrepoch";
  unsigned state = 1;
  int good = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    state = state * 1664525u + 1013904223u;
    for (unsigned length = 1 + (state >> 24) % 12; length > 0; --length) {
      state = state * 1664525u + 1013904223u;
      text += alphabet[(state >> 16) % alphabet.size()];
    }
    try {
      Expression(text, variables, "fuzz");
      ++good;
    } catch (const Error& error) {
      CHECK(error.diagnosis().code == "KAIROS-O027");
    }
  }
  CHECK(good > 0);
}
