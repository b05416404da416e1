// SPDX-License-Identifier: MIT
// Records may be of any version, and edited: whatever has another form is taken as unknown.
#include "cli/run_differences.hpp"

#include <algorithm>
#include <cstddef>

namespace kairos::host::cli {

using nlohmann::ordered_json;

namespace {

ordered_json member(const ordered_json& object, const std::string& key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? ordered_json() : *found;
}

/// The facts that decide whether a run can be repeated, under names for people.
ordered_json facts_of(const RunSummary& run) {
  ordered_json facts = ordered_json::object();
  const ordered_json versions = member(run.facts, "versions");
  facts["version"] = member(versions, "kairos");
  for (const char* key : {"host", "processor", "threads"}) facts[key] = member(run.facts, key);
  for (const ordered_json& plugin : member(run.facts, "plugins")) {
    const ordered_json callbacks = member(plugin, "callbacks");
    const std::string of =
        "content of " + (callbacks.is_array() && !callbacks.empty() && callbacks[0].is_string()
                             ? callbacks[0].get<std::string>()
                             : std::string("a plugin"));
    facts[of] = member(plugin, "sha256");
  }
  for (const ordered_json& file : member(run.facts, "files"))
    if (const ordered_json use = member(file, "use"); use.is_string())
      facts["content of " + use.get<std::string>()] = member(file, "sha256");
  return facts;
}

/// Adds what differs among these objects, one per run.
void add_differences(const std::vector<ordered_json>& objects, Differences& all) {
  std::vector<std::string> keys;
  for (const ordered_json& object : objects)
    for (const auto& [key, value] : object.items())
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  for (const std::string& key : keys) {
    std::vector<ordered_json> values;
    for (const ordered_json& object : objects) values.push_back(member(object, key));
    const bool same = std::ranges::all_of(values, [&](const ordered_json& one) { return one == values[0]; });
    if (!same) all.emplace_back(key, std::move(values));
  }
}

}  // namespace

Differences differences_of(std::span<const RunSummary> runs) {
  std::vector<ordered_json> settings, facts;
  for (const RunSummary& run : runs) {
    settings.push_back(run.settings);
    settings.back().erase("run_dir");  // differs by nature
    facts.push_back(facts_of(run));
  }
  Differences all;
  add_differences(settings, all);
  add_differences(facts, all);
  return all;
}

std::string difference_text(const ordered_json& value, bool in_full) {
  constexpr std::size_t longest = 40;
  std::string text;
  if (value.is_array()) {
    for (const ordered_json& one : value) text += (text.empty() ? "" : " ") + difference_text(one, true);
  } else if (!value.is_null()) {
    text = value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }
  if (in_full || text.size() <= longest) return text;
  std::size_t end = longest;  // not inside a UTF-8 sequence
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace kairos::host::cli
