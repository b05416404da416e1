// SPDX-License-Identifier: MIT
// Accepts option values pasted from Python programs.
#include "plugin/options/given_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "base/python_text.hpp"
#include "kairos/abi.h"
#include "plugin/options/list_value.hpp"
#include "plugin/options/python_formula.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse(const char* code, std::string_view who, const std::string& key, const char* what,
                         const std::string& found, std::string expected, std::string cure) {
  throw Error(ErrorKind::Plugin, {code, fmt::format("{}, option {}", who, key), what,
                                  '"' + found.substr(0, 200) + '"', std::move(expected), std::move(cure)});
}

bool is_choice(const OptionSpec& option, const std::string& text) {
  return type_of_value(option) == KAIROS_TYPE_ENUM &&
         std::ranges::find(option.choices, text) != option.choices.end();
}

/// For texts these two may be meant literally.
bool may_be_text(const OptionSpec& option, const std::string& text) {
  return type_of_value(option) == KAIROS_TYPE_STRING && (text == "none" || text == "null");
}

/// "a,b" for a list, "a=1,b=2" for a dictionary: the text that an option with several words takes.
std::string joined(const OptionSpec& option, const std::vector<CallArgument>& items,
                   const PluginOption& given, std::string_view who) {
  std::string text;
  for (const CallArgument& item : items) {
    if ((item.name + item.value).find(',') != std::string::npos || python_items(item.value))
      refuse("KAIROS-O053", who, given.key, "an item of the list contains a comma", item.value,
             "items without commas", "Rename it, or leave it out");
    if (!item.quoted && is_none(item.value)) {
      if (option.type != KAIROS_TYPE_LIST) continue;
      if (!is_choice(option, item.value) && !may_be_text(option, item.value))
        refuse("KAIROS-O053", who, given.key, "an item of the list is None", item.value,
               std::string(list_syntax(option.item_type)), "Leave it out");
    }
    text += (text.empty() ? "" : ",") + (item.name.empty() ? "" : item.name + "=") + item.value;
  }
  return text;
}

bool is_text_type(std::int32_t type) {
  return type == KAIROS_TYPE_STRING || type == KAIROS_TYPE_PATH || type == KAIROS_TYPE_METRIC ||
         type == KAIROS_TYPE_ENUM || type == KAIROS_TYPE_EXPRESSION;
}

/// Whether only Python can evaluate the text: os.path.join('a', 'b'), lambda, name[0].
bool is_code(const PluginOption& given) {
  const std::string& text = given.value;
  if (text.starts_with("lambda ") || text.starts_with("lambda:")) return true;
  const bool brackets = text.find_first_of("([") != std::string::npos;
  const bool quotes = text.find_first_of("'\"") != std::string::npos;
  return given.written == Written::Argument ? brackets || quotes : brackets && quotes;
}

[[noreturn]] void refuse_lambda(const OptionSpec& option, const PluginOption& given, std::string_view who) {
  std::string variables;
  for (const std::string& variable : option.choices) variables += (variables.empty() ? "" : ", ") + variable;
  const std::optional<std::string> formula = formula_of_lambda(given.value, option.choices);
  const std::string cure =
      formula ? fmt::format("Write {}=\"{}\"", option.name, *formula)
              : fmt::format("Write {}=\"FORMULA\", where floor(a/b) is a//b and c ? a : b is a if c else b",
                            option.name);
  refuse("KAIROS-O054", who, given.key, "Python functions are not run", given.value,
         "a formula" + (variables.empty() ? "" : " of " + variables), cure);
}

}  // namespace

bool means_unset(const OptionSpec& option, const PluginOption& given) {
  // Numbers are never text, so quotes around them change nothing.
  if (given.written == Written::Quoted) return !is_text_type(type_of_value(option)) && given.value == "None";
  if (is_choice(option, given.value) || may_be_text(option, given.value)) return false;
  if (is_none(given.value)) return true;
  const auto items = python_items(given.value);
  return items && items->empty() && option.initial.absent();
}

std::string plain_text(const OptionSpec& option, const PluginOption& given, std::string_view who) {
  if (given.written == Written::Quoted) return given.value;
  const std::string& text = given.value;
  if (option.type == KAIROS_TYPE_EXPRESSION) {
    if (text.starts_with("lambda ") || text.starts_with("lambda:")) refuse_lambda(option, given, who);
    return text;
  }
  if (const auto items = python_items(text)) {
    if (option.type == KAIROS_TYPE_STRING || option.type == KAIROS_TYPE_LIST)
      return joined(option, *items, given, who);
    refuse("KAIROS-O053", who, given.key, "the option takes one value", text,
           std::string(type_name(option.type)), "Write one value");
  }
  if (option.type == KAIROS_TYPE_INT)
    if (const auto truth = python_bool(text)) return *truth ? "1" : "0";
  if (!is_text_type(type_of_value(option))) return text;
  if (is_code(given))
    refuse("KAIROS-O055", who, given.key, "Python code is not run", text, "a value",
           "Write the value that the code gives, in quotes");
  if (option.type == KAIROS_TYPE_PATH && given.written == Written::Argument)
    refuse("KAIROS-O056", who, given.key, "a path in a call needs quotes, else it may be a variable", text,
           "text in quotes", fmt::format("Write {}='{}' if that is the path", option.name, text));
  return text;
}

void refuse_truth_by_position(const OptionSpec& option, const PluginOption& given, std::string_view who) {
  const bool is_number = option.type == KAIROS_TYPE_INT || option.type == KAIROS_TYPE_FLOAT;
  if (!is_number || given.written == Written::Quoted || !python_bool(given.value)) return;
  refuse("KAIROS-O052", who, option.name, "the argument at its position is not a number", given.value,
         std::string(type_name(option.type)),
         fmt::format("Write the name of the option that is meant, such as {}={}", option.name, given.value));
}

}  // namespace kairos::host
