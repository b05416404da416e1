// SPDX-License-Identifier: MIT
// muParser with limits, and with messages of our own.
#include "plugin/options/expression.hpp"

#include <fmt/format.h>
#include <muParser.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t longest_expression = 1024;
constexpr int deepest_nesting = 64;

[[noreturn]] void refuse(std::string_view where, std::string what, std::string found, std::string expected,
                         std::string cure) {
  throw Error(ErrorKind::Plugin, {"KAIROS-O027", std::string(where), std::move(what), std::move(found),
                                  std::move(expected), std::move(cure)});
}

[[noreturn]] void refuse_at(std::string_view where, std::size_t offset, std::string found, std::string cure) {
  refuse(where, fmt::format("the expression is malformed at column {}", offset + 1), std::move(found), "",
         std::move(cure));
}

/// Rejects what muParser accepts and a formula must not have: assignments, several values, and nesting so
/// deep that it exhausts memory.
void check(std::string_view text, std::string_view where) {
  if (text.find_first_not_of(" \t") == std::string_view::npos)
    refuse(where, "the expression is empty", "nothing", "a formula",
           "Write one, such as 0.1*0.5^floor(epoch/10)");
  if (text.size() > longest_expression)
    refuse(where, "the expression is too long", fmt::format("{} characters", text.size()),
           fmt::format("at most {}", longest_expression), "Write a plugin for a schedule this long");
  int depth = 0;
  int unclosed_choices = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == '?') {
      if (++(c == '(' ? depth : unclosed_choices) > deepest_nesting)
        refuse_at(where, i, fmt::format("more than {} levels", deepest_nesting),
                  "Write it with fewer parentheses");
    }
    if (c == ')') --depth;
    const char before = i == 0 ? ' ' : text[i - 1];
    const char after = i + 1 == text.size() ? ' ' : text[i + 1];
    if (c == '=' && after != '=' && std::string_view("=<>!").find(before) == std::string_view::npos)
      refuse_at(where, i, "an assignment", "Compare with ==, or write the value in its place");
    if (c == ',' && depth <= 0) refuse_at(where, i, "several formulas", "Give one formula");
    if (c == '"') refuse_at(where, i, "a text", "Use numbers and variables only");
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t')
      refuse_at(where, i, "a control character", "Write it on one line");
  }
}

/// Accepts Python's power operator. It is replaced by as many characters, so that reported columns stay
/// right.
std::string with_caret(std::string_view text) {
  std::string copy(text);
  for (std::size_t at = copy.find("**"); at != std::string::npos; at = copy.find("**", at))
    copy.replace(at, 2, " ^");
  return copy;
}

double modulo(double a, double b) {
  return a - b * std::floor(a / b);
}
double natural_log(double a) {
  return std::log(a);
}
double floor_of(double a) {
  return std::floor(a);
}
double ceil_of(double a) {
  return std::ceil(a);
}
double round_of(double a) {
  return std::round(a);
}
double remainder_of(double a, double b) {
  return std::fmod(a, b);
}
double power_of(double a, double b) {
  return std::pow(a, b);
}

}  // namespace

struct Expression::Parser {
  mu::Parser parser;
  std::vector<double> values;
};

Expression::Expression(std::string_view text, std::span<const std::string> variables, std::string_view where)
    : parser_(std::make_unique<Parser>()) {
  check(text, where);
  mu::Parser& parser = parser_->parser;
  parser_->values.assign(variables.size(), 1.0);
  try {
    parser.EnableOptimizer(false);  // Folding would change the last bit of what was written.
    parser.DefineFun("floor", floor_of);
    parser.DefineFun("ceil", ceil_of);
    parser.DefineFun("round", round_of);
    parser.DefineFun("fmod", remainder_of);
    parser.DefineFun("mod", modulo);
    parser.DefineFun("pow", power_of);
    parser.DefineFun("log", natural_log);
    const auto is_variable = [variables](std::string_view name) {
      return std::find(variables.begin(), variables.end(), name) != variables.end();
    };
    if (!is_variable("pi")) parser.DefineConst("pi", 3.141592653589793);
    if (!is_variable("e")) parser.DefineConst("e", 2.718281828459045);
    for (std::size_t i = 0; i < variables.size(); ++i) parser.DefineVar(variables[i], &parser_->values[i]);
    parser.SetExpr(with_caret(text));
    parser.Eval();
  } catch (const mu::Parser::exception_type& error) {
    std::vector<std::string> known(variables.begin(), variables.end());
    for (const auto& function : parser.GetFunDef()) known.push_back(function.first);
    const bool unknown_word = error.GetCode() == mu::ecUNASSIGNABLE_TOKEN;
    const auto position = static_cast<std::size_t>(std::max(0, error.GetPos()));
    std::string cure = unknown_word ? nearest(error.GetToken(), known) : "";
    if (!cure.empty()) cure = "Did you mean \"" + cure + "\"?";
    if (cure.empty()) {
      for (const std::string& variable : variables)
        cure += (cure.empty() ? "Variables are " : ", ") + variable;
      if (cure.empty()) cure = "Correct the formula";
    }
    const std::string found = error.GetCode() == mu::ecUNEXPECTED_EOF ? "the end of the formula"
                              : error.GetToken().empty()              ? error.GetMsg()
                                                                      : '"' + error.GetToken() + '"';
    refuse_at(where, std::min(position, text.size()), found, std::move(cure));
  }
  if (parser.GetNumResults() != 1) refuse_at(where, 0, "several formulas", "Give one formula");
}

Expression::~Expression() = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;

double Expression::evaluate(std::span<const double> variables) {
  std::copy_n(variables.begin(), std::min(variables.size(), parser_->values.size()), parser_->values.begin());
  return parser_->parser.Eval();
}

}  // namespace kairos::host
