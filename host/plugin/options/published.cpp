// SPDX-License-Identifier: MIT
// Reads entries of `publishes` and replaces their placeholders.
#include "plugin/options/published.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kairos/host/error.hpp"
#include "plugin/log_key.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view instance_placeholder = "instance";

/// The value of a placeholder; empty if it has none.
std::string value_of(std::string_view placeholder, const CallbackManifest& callback,
                     const ResolvedOptions& options, const std::string& instance) {
  if (placeholder == instance_placeholder) return instance;
  const OptionSpec* const option = find_option(callback, placeholder);
  return option == nullptr
             ? ""
             : value_text(options.values[static_cast<std::size_t>(option - callback.options.data())]);
}

}  // namespace

std::optional<PublishedEntry> read_published(std::string_view entry) {
  PublishedEntry read;
  for (const auto& [suffix, direction] : {std::pair{":min", Direction::Min}, {":max", Direction::Max}})
    if (entry.ends_with(suffix)) {
      read.direction = direction;
      entry.remove_suffix(std::string_view(suffix).size());
      break;
    }
  read.name = entry;
  // Without the placeholders, a key must be left; one that is a placeholder alone has the length of its
  // value.
  std::string fixed;
  while (!entry.empty()) {
    const std::size_t open = std::min(entry.find('{'), entry.size());
    fixed += entry.substr(0, open);
    if (open == entry.size()) break;
    const std::size_t close = entry.find('}', open);
    if (close == std::string_view::npos) return std::nullopt;
    read.placeholders.emplace_back(entry.substr(open + 1, close - open - 1));
    entry.remove_prefix(close + 1);
  }
  const bool is_valid = log_key_fault(fixed).empty() || (fixed.empty() && !read.placeholders.empty());
  return is_valid ? std::optional(read) : std::nullopt;
}

std::vector<LogKey> published_keys(const CallbackManifest& callback, const ResolvedOptions& options,
                                   const std::string& instance) {
  std::vector<LogKey> keys;
  for (const std::string& text : callback.publishes) {
    const std::optional<PublishedEntry> entry = read_published(text);
    if (!entry) continue;  // check_rules has refused such a manifest
    std::string name = entry->name;
    for (const std::string& placeholder : entry->placeholders) {
      const std::string value = value_of(placeholder, callback, options, instance);
      if (value.empty())
        throw Error(ErrorKind::Plugin,
                    {"KAIROS-O016", fmt::format("{}, option {}", instance, placeholder),
                     fmt::format("the log key {} needs a value of this option", entry->name), "", "",
                     fmt::format("Set {}=…", placeholder)});
      const std::string field = "{" + placeholder + "}";
      name.replace(name.find(field), field.size(), value);
    }
    if (const std::string fault = log_key_fault(name); !fault.empty())
      throw Error(ErrorKind::Plugin,
                  {"KAIROS-O016", instance, fmt::format("{} makes no log key", entry->name), fault, "",
                   "Give the option another value"});
    keys.push_back({std::move(name), entry->direction});
  }
  return keys;
}

}  // namespace kairos::host
