// SPDX-License-Identifier: MIT
// What the table says of a setting, in words.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/settings_table.hpp"
#include "cli/terminal.hpp"

namespace kairos::host::cli {

namespace {

std::string remarks(const Setting& setting) {
  std::string text;
  if (!setting.bounds.empty()) text = bounds_text(setting.bounds);
  if (!setting.initial.empty())
    text += (text.empty() ? "default: " : "; default: ") + std::string(setting.initial);
  return text.empty() ? "" : " (" + text + ")";
}

/// In a narrow window the text stands below its flag.
std::string help_of(const Setting& setting, std::size_t columns) {
  const std::size_t column = columns < 90 ? 8 : 38;
  const std::string_view value = setting.type == Type::Choice ? setting.choices : setting.value;
  std::string left = "  " + flag_of(setting.key) + (value.empty() ? "" : " ") + std::string(value);
  const std::size_t width = width_of(left);
  left += width < column ? std::string(column - width, ' ') : "\n" + std::string(column, ' ');
  return left + wrapped(std::string(setting.help) + remarks(setting), column, columns) + "\n";
}

}  // namespace

std::string_view command_name(Command command) {
  switch (command) {
    case Command::Fit:
      return "fit";
    case Command::Evaluate:
      return "evaluate";
    case Command::Predict:
      return "predict";
    case Command::PluginsList:
      return "plugins list";
    case Command::PluginsInspect:
      return "plugins inspect";
    case Command::PluginsCheck:
      return "plugins check";
    case Command::Replay:
      return "replay";
    case Command::Summary:
      return "summary";
    case Command::Convert:
      return "convert";
    case Command::Explain:
      return "explain";
    case Command::Plot:
      return "plot";
    case Command::RunsList:
      return "runs list";
    case Command::RunsCompare:
      return "runs compare";
  }
  return "";
}

std::string_view group_title(Group group) {
  switch (group) {
    case Group::Model:
      return "Model";
    case Group::Loss:
      return "Loss and metrics";
    case Group::Data:
      return "Data";
    case Group::Training:
      return "Training";
    case Group::Validation:
      return "Validation";
    case Group::Callbacks:
      return "Callbacks";
    case Group::Output:
      return "Output";
    case Group::General:
      return "General";
  }
  return "";
}

std::string flag_of(std::string_view key) {
  std::string flag = "--" + std::string(key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string bounds_text(const Bounds& bounds) {
  const auto shown = [](double bound) {
    return std::abs(bound) < 1e15 && bound == std::floor(bound) ? fmt::format("{:.0f}", bound)
                                                                : fmt::format("{:g}", bound);
  };
  if (bounds.excluded)
    return fmt::format("more than {} and less than {}", shown(bounds.min), shown(bounds.max));
  if (std::isinf(bounds.max)) return std::isinf(bounds.min) ? "" : shown(bounds.min) + " or more";
  return fmt::format("{} to {}", shown(bounds.min), shown(bounds.max));
}

std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns) {
  std::string out;
  std::size_t at = indent;
  for (const std::string& word : split(text, ' ')) {
    const bool first = at == indent;
    if (!first && at + 1 + width_of(word) > columns) {
      out += "\n" + std::string(indent, ' ');
      at = indent;
    } else if (!first) {
      out += ' ';
      ++at;
    }
    out += word;
    at += width_of(word);
  }
  return out;
}

std::string settings_help(std::span<const Setting> settings, std::size_t columns) {
  std::string text;
  for (const Group group : {Group::Model, Group::Loss, Group::Data, Group::Training, Group::Validation,
                            Group::Callbacks, Group::Output, Group::General}) {
    std::string lines;
    for (const Setting& setting : settings)
      if (setting.group == group) lines += help_of(setting, columns);
    if (!lines.empty()) text += fmt::format("\n{}:\n{}", group_title(group), lines);
  }
  return text;
}

}  // namespace kairos::host::cli
