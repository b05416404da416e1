// SPDX-License-Identifier: MIT
// Translates token by token; the result is used only if it parses as a formula.
#include "plugin/options/python_formula.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/python_text.hpp"
#include "kairos/host/error.hpp"
#include "plugin/options/expression.hpp"

namespace kairos::host {

namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

/// Renames the parameters to the variables and removes modules before functions.
std::string renamed(std::string_view body, const std::map<std::string, std::string, std::less<>>& names) {
  std::string out;
  for (std::size_t i = 0; i < body.size();) {
    if (!is_word(body[i])) {
      out += body[i++];
      continue;
    }
    const std::size_t begin = i;
    while (i < body.size() && is_word(body[i])) ++i;
    std::string_view word = body.substr(begin, i - begin);
    for (const std::string_view module : {"math.", "np.", "numpy.", "tf.math.", "tf."})
      if (word.starts_with(module)) {
        word.remove_prefix(module.size());
        break;
      }
    const auto name = names.find(word);
    out += name == names.end() ? std::string(word) : name->second;
  }
  return out;
}

/// "b if c else a" as "c ? b : a".
std::string with_question_mark(std::string_view text) {
  const std::size_t condition = text.find(" if ");
  const std::size_t other = text.find(" else ", condition == std::string_view::npos ? 0 : condition);
  if (condition == std::string_view::npos || other == std::string_view::npos) return std::string(text);
  return std::string(trimmed(text.substr(condition + 4, other - condition - 4))) + " ? " +
         std::string(trimmed(text.substr(0, condition))) + " : " +
         with_question_mark(trimmed(text.substr(other + 6)));
}

/// Start of the operand that ends before `end`: a word, or a bracketed group.
std::size_t operand_begin(std::string_view text, std::size_t end) {
  std::size_t at = end;
  if (at > 0 && text[at - 1] == ')') {
    int depth = 0;
    while (at > 0) {
      --at;
      depth += text[at] == ')' ? 1 : text[at] == '(' ? -1 : 0;
      if (depth == 0) break;
    }
  }
  while (at > 0 && is_word(text[at - 1])) --at;
  return at;
}

std::size_t operand_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_word(text[at])) ++at;
  if (at == text.size() || text[at] != '(') return at;
  int depth = 0;
  for (; at < text.size(); ++at) {
    depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
    if (depth == 0) return at + 1;
  }
  return at;
}

/// "a // b" as "floor(a / b)". Nothing for a chain such as "a * b // c", where a is divided too.
std::optional<std::string> with_floor(std::string text) {
  for (std::size_t at = text.find("//"); at != std::string::npos; at = text.find("//")) {
    const std::string_view view = text;
    const std::size_t left_end = trimmed(view.substr(0, at)).size() + view.find_first_not_of(' ');
    const std::size_t left = operand_begin(view, left_end);
    const std::string_view before = trimmed(view.substr(0, left));
    if (!before.empty() && std::string_view("*/%").find(before.back()) != std::string_view::npos &&
        !before.ends_with("**"))
      return std::nullopt;
    const std::size_t right = std::min(view.find_first_not_of(' ', at + 2), view.size());
    const std::size_t end = operand_end(view, right);
    const std::string quotient = "floor(" + std::string(view.substr(left, left_end - left)) + " / " +
                                 std::string(view.substr(right, end - right)) + ")";
    text = std::string(view.substr(0, left)) + quotient + std::string(view.substr(end));
  }
  return text;
}

}  // namespace

std::optional<std::string> formula_of_lambda(std::string_view text, std::span<const std::string> variables) {
  constexpr std::string_view keyword = "lambda";
  constexpr std::size_t longest = 1024;
  const std::size_t colon = text.find(':');
  if (!text.starts_with(keyword) || colon == std::string_view::npos || text.size() > longest)
    return std::nullopt;
  std::map<std::string, std::string, std::less<>> names;
  std::string_view parameters = text.substr(keyword.size(), colon - keyword.size());
  for (std::size_t i = 0; !trimmed(parameters).empty(); ++i) {
    const std::size_t comma = std::min(parameters.find(','), parameters.size());
    if (i == variables.size()) return std::nullopt;
    names[std::string(trimmed(parameters.substr(0, comma)))] = variables[i];
    parameters.remove_prefix(std::min(comma + 1, parameters.size()));
  }
  std::string body(trimmed(text.substr(colon + 1)));
  std::ranges::replace(body, '\n', ' ');
  const std::optional<std::string> formula = with_floor(with_question_mark(renamed(body, names)));
  if (!formula || formula->find('"') != std::string::npos) return std::nullopt;
  try {
    static_cast<void>(Expression(*formula, variables, ""));
    return formula;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace kairos::host
