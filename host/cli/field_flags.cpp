// SPDX-License-Identifier: MIT
// Looks fields up in the table of settings.
#include "cli/field_flags.hpp"

#include <algorithm>
#include <vector>

#include "cli/settings_table.hpp"

namespace kairos::host::cli {

namespace {

/// "" for a word that is no field.
std::string flag_of_field(std::string_view field) {
  for (const Setting& setting : all_settings()) {
    const std::vector<std::string> names = split(setting.fields, ',');
    if (is_key_of(setting, field) || std::find(names.begin(), names.end(), field) != names.end())
      return flag_of(setting.key);
  }
  return "";
}

/// A field, or "field=value".
std::string flag_and_value(std::string_view words) {
  const std::size_t equals = std::min(words.find('='), words.size());
  std::string flag = flag_of_field(words.substr(0, equals));
  if (!flag.empty() && equals < words.size()) flag += " " + std::string(words.substr(equals + 1));
  return flag;
}

}  // namespace

std::string with_flags(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t open = text.find('`');
    const std::size_t close = open == std::string_view::npos ? open : text.find('`', open + 1);
    if (close == std::string_view::npos) return out + std::string(text);
    const std::string flag = flag_and_value(text.substr(open + 1, close - open - 1));
    out += text.substr(0, flag.empty() ? close + 1 : open);
    out += flag;
    text.remove_prefix(close + 1);
  }
}

Diagnosis with_flags(const Diagnosis& diagnosis) {
  return {diagnosis.code,
          with_flags(diagnosis.where),
          with_flags(diagnosis.what),
          with_flags(diagnosis.found),
          with_flags(diagnosis.expected),
          with_flags(diagnosis.cure)};
}

}  // namespace kairos::host::cli
