// SPDX-License-Identifier: MIT
// The names of classes are known with the data only, how weights are written before.
#include "cli/class_weights.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "cli/setting_text.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected,
                         const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U003", "--class-weight", what, "\"" + found + "\"", expected, cure});
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// A name with a comma in it, or that begins or ends with a blank, stands between quotes.
std::string without_quotes(std::string text) {
  const bool quoted =
      text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

ClassWeight read_class_weight(const std::string& part) {
  const std::string_view text = part;
  const std::size_t equals = std::min(text.rfind('='), text.size());  // A name may have one too.
  const std::string label(without_blanks(text.substr(0, equals)));
  const std::string_view value = text.substr(std::min(equals + 1, text.size()));
  const std::optional<double> weight = number_from<double>(without_blanks(value));
  if (!weight || label.empty())
    refuse("the value cannot be read", part, "CLASS=WEIGHT", "Write --class-weight 0=1,1=5");
  if (!(*weight >= 0 && *weight <= static_cast<double>(std::numeric_limits<float>::max())))
    refuse("the value cannot be used", part, "a weight from 0 to 3.4e38", "Give such a weight");
  return {without_quotes(label), *weight};
}

std::int64_t number_of(const std::string& label, const std::vector<std::string>& names) {
  const auto named = std::find(names.begin(), names.end(), label);
  if (named != names.end()) return named - names.begin();
  const auto number = number_from<std::int64_t>(label);
  const auto classes = static_cast<std::int64_t>(names.size());
  if (number && !names.empty() && (*number < 0 || *number >= classes))
    refuse("there is no class of this number", label, "0 to " + std::to_string(classes - 1),
           "Leave it out, or give the name of a class");
  if (number) return *number;
  if (names.empty())
    refuse("the classes have no names", label, "the number of a class, as the target has it",
           "Write --class-weight 0=1,1=5");
  refuse("there is no class of this name", label, "", suggest(label, names));
}

}  // namespace

std::vector<ClassWeight> read_class_weights(const std::string& text) {
  std::vector<ClassWeight> weights;
  for (const std::string& part : split_list(text)) weights.push_back(read_class_weight(part));
  return weights;
}

std::map<std::int64_t, double> weights_by_number(const std::vector<ClassWeight>& weights,
                                                 const std::vector<std::string>& names) {
  std::map<std::int64_t, double> by_number;
  for (const ClassWeight& one : weights)
    if (!by_number.emplace(number_of(one.label, names), one.weight).second)
      refuse("a class is given twice", one.label, "each class once", "Leave one of the two out");
  return by_number;
}

}  // namespace kairos::host::cli
