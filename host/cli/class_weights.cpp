// SPDX-License-Identifier: MIT
// The names of classes are known only after the data has been read.
#include "cli/class_weights.hpp"

#include <algorithm>

#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected,
                         const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U003", "--class-weight", what, "\"" + found + "\"", expected, cure});
}

std::int64_t number_of(const std::string& label, const std::vector<std::string>& names) {
  const auto named = std::find(names.begin(), names.end(), label);
  if (named != names.end()) return named - names.begin();
  const auto number = number_from<std::int64_t>(label);
  const auto classes = static_cast<std::int64_t>(names.size());
  if (number && !names.empty() && (*number < 0 || *number >= classes))
    refuse("there is no class with this number", label, "0 to " + std::to_string(classes - 1),
           "Leave it out, or give the name of a class");
  if (number) return *number;
  if (names.empty())
    refuse("the classes have no names", label, "the number of a class, as in the target",
           "Write --class-weight 0=1,1=5");
  refuse("there is no class with this name", label, "", suggest(label, names));
}

}  // namespace

std::map<std::int64_t, double> weights_by_number(std::span<const NamedNumber> weights,
                                                 const std::vector<std::string>& names) {
  std::map<std::int64_t, double> by_number;
  for (const NamedNumber& one : weights)
    if (!by_number.emplace(number_of(one.name, names), one.value).second)
      refuse("the class is given twice", one.name, "each class once", "Leave one of the two out");
  return by_number;
}

}  // namespace kairos::host::cli
