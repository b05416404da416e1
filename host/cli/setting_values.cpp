// SPDX-License-Identifier: MIT
// One function for each type of value; all messages of a bad value are made here.
#include "cli/setting_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

/// The value as it is written where the setting was given.
std::string written(const Setting& setting, std::string_view value, const Origin& origin) {
  const bool is_special = value.find_first_of("; ()") != std::string_view::npos;  // to a shell
  if (!origin.in_config)
    return flag_of(setting.key) + " " + (is_special ? "'" + std::string(value) + "'" : std::string(value));
  const bool is_number = setting.type == Type::Integer || setting.type == Type::Number;
  return quoted(setting.key) + ": " + (is_number ? std::string(value) : quoted(value));
}

std::string write_example(const Setting& setting, std::string_view otherwise, const Origin& origin) {
  return "Write " + written(setting, setting.example.empty() ? otherwise : setting.example, origin);
}

const std::string other_booleans = "; yes, on, 1 and no, off, 0 mean the same";

[[noreturn]] void refuse(const Origin& origin, const std::string& what, const std::string& found,
                         const std::string& expected, const std::string& cure,
                         std::string_view code = "KAIROS-U003") {
  throw Error(ErrorKind::Usage, {std::string(code), origin.where, what, found, expected, cure});
}

void check_bounds(const Setting& setting, double value, std::string_view text, std::string_view example,
                  const Origin& origin) {
  const Bounds& bounds = setting.bounds;
  if (bounds.empty()) return;
  const bool inside =
      bounds.excluded ? value > bounds.min && value < bounds.max : value >= bounds.min && value <= bounds.max;
  if (inside && std::isfinite(value)) return;
  refuse(origin, "the value is out of range", std::string(text), bounds_text(bounds),
         write_example(setting, example, origin), setting.range_code);
}

/// "kind=mse" as {"kind", "mse"}; in "huber(delta=1)" the '=' belongs to an argument.
NamedText split_output(const std::string& text) {
  const std::size_t end = text.find_first_of("=({[\"',");
  if (end == std::string::npos || end == 0 || text[end] != '=') return {"", text};
  return {text.substr(0, end), text.substr(end + 1)};
}

std::string_view without_spaces(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::string without_quotes(std::string text) {
  const bool in_quotes =
      text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return in_quotes ? text.substr(1, text.size() - 2) : text;
}

/// "last, shuffled or stratified"
std::string one_of(const std::vector<std::string>& choices) {
  std::string text;
  for (std::size_t i = 0; i < choices.size(); ++i)
    text += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
  return text;
}

void check_name(const Setting& setting, const NamedText& one, const std::string& text, std::size_t count,
                const Origin& origin) {
  const std::string example = "Write " + written(setting, "NAME=", origin);
  const bool alone = text.find('=') == std::string::npos || one.value == text;
  if (!alone && one.name.empty())
    refuse(origin, "the name is missing", quoted(text), "NAME=VALUE", example + one.value);
  if (!alone && one.value.empty())
    refuse(origin, "the value is missing", quoted(text), "NAME=VALUE", example + "…");
  if (alone && setting.name_required)
    refuse(origin, "the name is missing", quoted(text), std::string(setting.value), example + text);
  if (alone && count > 1)
    refuse(origin, "one of several values has no name", quoted(text), "NAME=VALUE", example + text);
}

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  char quote = '\0';
  for (const char c : text) {
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.push_back(std::exchange(part, {}));
      continue;
    }
    part += c;
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

NamedText split_name(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || text.find('/') < equals) return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

bool is_by_output(const Setting& setting) {
  return setting.type == Type::ByOutput || setting.type == Type::NumberByOutput ||
         setting.type == Type::ListByOutput;
}

bool may_repeat(const Setting& setting) {
  return setting.type == Type::Items || setting.type == Type::Named || is_by_output(setting);
}

std::int64_t read_integer(const Setting& setting, std::string_view text, const Origin& origin) {
  const auto value = number_from<std::int64_t>(text);
  if (!value)
    refuse(origin, "the value cannot be read", quoted(text), "a whole number",
           write_example(setting, "10", origin));
  check_bounds(setting, static_cast<double>(*value), text, "10", origin);
  return *value;
}

double read_number(const Setting& setting, std::string_view text, const Origin& origin) {
  const auto value = number_from<double>(text);
  if (!value)
    refuse(origin, "the value cannot be read", quoted(text), "a number",
           write_example(setting, "0.25", origin));
  check_bounds(setting, *value, text, "0.25", origin);
  return *value;
}

std::optional<bool> boolean_from(std::string_view text) {
  std::string folded;
  for (const char c : text) folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* word : {"true", "yes", "on", "1"})
    if (folded == word) return true;
  for (const char* word : {"false", "no", "off", "0"})
    if (folded == word) return false;
  return std::nullopt;
}

bool read_boolean(const std::string& text, const Origin& origin) {
  if (const auto value = boolean_from(text)) return *value;
  refuse(origin, "the value is neither true nor false", quoted(text), "true or false" + other_booleans,
         "Choose one of them");
}

std::string read_choice(const Setting& setting, const std::string& text, const Origin& origin) {
  const std::vector<std::string> choices = split(setting.choices, '|');
  const bool has_booleans = std::find(choices.begin(), choices.end(), "true") != choices.end();
  const std::optional<bool> value = has_booleans ? boolean_from(text) : std::nullopt;
  const std::string spelled = !value ? text : *value ? "true" : "false";
  if (std::find(choices.begin(), choices.end(), spelled) != choices.end()) return spelled;
  // Any digit is near any other.
  const bool is_near = text.size() > 1 && !nearest(text, choices).empty();
  refuse(origin, "the value is not one of the choices", quoted(text),
         one_of(choices) + (has_booleans ? other_booleans : ""),
         is_near ? suggest(text, choices) : "Choose one of them");
}

char read_character(const Setting& setting, const std::string& text, const Origin& origin) {
  if (text == "\\t" || text == "tab") return '\t';
  if (text.size() != 1)
    refuse(origin, "the value is not a single character", quoted(text), "one character, or tab",
           write_example(setting, ";", origin));
  return text.front();
}

Size read_size(const Setting& setting, const std::string& text, const Origin& origin) {
  const std::size_t cross = std::min(text.find_first_of("x,"), text.size());
  const auto height = number_from<std::int64_t>(std::string_view(text).substr(0, cross));
  const auto width =
      number_from<std::int64_t>(std::string_view(text).substr(std::min(cross + 1, text.size())));
  if (!height || !width || *height < 1 || *width < 1)
    refuse(origin, "the value cannot be read", quoted(text), std::string(setting.value),
           write_example(setting, "", origin));
  return {*height, *width};
}

Integers read_integers(const Setting& setting, const std::string& text, const Origin& origin) {
  Integers integers{{}, text.find(',') != std::string::npos};
  for (const std::string& part : split_list(text)) {
    const auto value = number_from<std::int64_t>(part);
    if (!value)
      refuse(origin, "the value cannot be read", quoted(text),
             "a whole number, or several with commas between them", write_example(setting, "2", origin));
    check_bounds(setting, static_cast<double>(*value), part, "2", origin);
    integers.values.push_back(*value);
  }
  return integers;
}

std::vector<NamedNumber> read_named_numbers(const Setting& setting, const std::string& text,
                                            const Origin& origin) {
  std::vector<NamedNumber> numbers;
  if (!setting.choices.empty() && text == setting.choices) return numbers;
  for (const std::string& part : split_list(text)) {
    const std::string_view all = part;
    const std::size_t equals = std::min(all.rfind('='), all.size());  // a name may contain one too
    const std::string name(without_spaces(all.substr(0, equals)));
    const auto value = number_from<double>(without_spaces(all.substr(std::min(equals + 1, all.size()))));
    if (!value || name.empty())
      refuse(origin, "the value cannot be read", quoted(part), std::string(setting.value),
             write_example(setting, "", origin));
    check_bounds(setting, *value, quoted(part), "", origin);
    numbers.push_back({without_quotes(name), *value});
  }
  return numbers;
}

std::vector<NamedText> read_named(const Setting& setting, std::span<const std::string> texts,
                                  const Origin& origin) {
  std::vector<NamedText> all;
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    NamedText one = split_name(text);
    check_name(setting, one, text, texts.size(), origin);
    if (!seen.insert(one.name).second)
      refuse(origin, "the name is given twice", quoted(one.name), "each name once", "Remove one of them");
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<NamedText> read_by_output(const Setting& setting, std::span<const std::string> texts,
                                      const Origin& origin) {
  std::vector<NamedText> all;
  std::set<std::string> seen;
  const bool lists = setting.type == Type::ListByOutput;
  for (const std::string& text : texts) {
    std::string name;
    for (const std::string& part : lists ? split_list(text) : std::vector<std::string>{text}) {
      NamedText one = split_output(part);
      if (lists && one.name.empty()) one.name = name;
      name = one.name;
      if (one.value.empty())
        refuse(origin, "the value is missing", quoted(one.name + "="), "VALUE or NAME=VALUE",
               "Write the value after the name of the output");
      if (!lists && !seen.insert(one.name).second)
        refuse(origin, one.name.empty() ? "one output has two values" : "the name is given twice",
               quoted(one.name.empty() ? one.value : one.name), "each output once",
               "Name the output as NAME=VALUE");
      all.push_back(std::move(one));
    }
  }
  return all;
}

std::vector<NamedNumber> read_numbers_by_output(const Setting& setting, std::span<const std::string> texts,
                                                const Origin& origin) {
  std::vector<NamedNumber> numbers;
  for (NamedText& one : read_by_output(setting, texts, origin)) {
    const double value = read_number(setting, one.value, origin);
    numbers.push_back({std::move(one.name), value});
  }
  return numbers;
}

void check_value(const Setting& setting, std::span<const std::string> texts, const Origin& origin) {
  if (texts.empty()) return;
  const std::string& text = texts.front();
  switch (setting.type) {
    case Type::Text:
    case Type::Items:
      break;
    case Type::Switch:
      return static_cast<void>(read_boolean(text, origin));
    case Type::Integer:
      return static_cast<void>(read_integer(setting, text, origin));
    case Type::Number:
      return static_cast<void>(read_number(setting, text, origin));
    case Type::Choice:
      return static_cast<void>(read_choice(setting, text, origin));
    case Type::Character:
      return static_cast<void>(read_character(setting, text, origin));
    case Type::Size:
      return static_cast<void>(read_size(setting, text, origin));
    case Type::Integers:
      return static_cast<void>(read_integers(setting, text, origin));
    case Type::NamedNumbers:
      return static_cast<void>(read_named_numbers(setting, text, origin));
    case Type::Named:
      return static_cast<void>(read_named(setting, texts, origin));
    case Type::ByOutput:
    case Type::ListByOutput:
      return static_cast<void>(read_by_output(setting, texts, origin));
    case Type::NumberByOutput:
      return static_cast<void>(read_numbers_by_output(setting, texts, origin));
  }
}

}  // namespace kairos::host::cli
