// SPDX-License-Identifier: MIT
// The names of classes are known with the data only, how weights are written before.
#include "cli/class_weights.hpp"

#include <algorithm>
#include <cmath>
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

/// A name with a comma in it stands between quotes.
std::string without_quotes(std::string text) {
  const bool quoted =
      text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

std::int64_t number_of(const std::string& label, const std::vector<std::string>& names) {
  const auto named = std::find(names.begin(), names.end(), label);
  if (named != names.end()) return named - names.begin();
  if (const auto number = number_from<std::int64_t>(label)) return *number;
  if (names.empty())
    refuse("the classes have no names", label, "the number of a class, as the target has it",
           "Write --class-weight 0=1,1=5");
  refuse("there is no class of this name", label, "", suggest(label, names));
}

}  // namespace

std::vector<ClassWeight> read_class_weights(const std::string& text) {
  std::vector<ClassWeight> weights;
  for (const std::string& part : split_list(text)) {
    const std::size_t equals = part.rfind('=');  // A name may have one too.
    const auto weight = equals == std::string::npos
                            ? std::nullopt
                            : number_from<double>(std::string_view(part).substr(equals + 1));
    if (!weight || equals == 0)
      refuse("the value cannot be read", part, "CLASS=WEIGHT", "Write --class-weight 0=1,1=5");
    if (!(*weight >= 0) || !std::isfinite(*weight))
      refuse("the value cannot be used", part, "a weight of 0 or more", "Give each class a finite weight");
    weights.push_back({without_quotes(part.substr(0, equals)), *weight});
  }
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
