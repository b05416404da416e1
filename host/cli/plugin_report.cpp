// SPDX-License-Identifier: MIT
// Manifests as text and as JSON.
#include "cli/plugin_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/printable.hpp"
#include "cli/field_flags.hpp"
#include "kairos/abi.h"
#include "plugin/options/option_value.hpp"
#include "plugin/options/secrets.hpp"

namespace kairos::host::cli {

namespace {

using nlohmann::ordered_json;

std::string joined(const std::vector<std::string>& words, const char* separator = ", ") {
  return fmt::format("{}", fmt::join(words, separator));
}

bool is_required(const OptionSpec& option) {
  return (option.flags & KAIROS_OPTION_REQUIRED) != 0;
}

/// The options that every instance has in addition to its own.
std::vector<OptionSpec> host_options(const CallbackManifest& callback) {
  const auto choice = [](const char* name, std::vector<std::string> choices, const char* initial,
                         const char* help) {
    OptionSpec option;
    option.type = option.initial.type = KAIROS_TYPE_ENUM;
    option.name = name;
    option.help = help;
    option.choices = std::move(choices);
    option.initial.text = initial;
    return option;
  };
  return {choice("on_error", {"fatal", "disable", "warn"},
                 callback.phase == KAIROS_PHASE_REPORT ? "disable" : "fatal",
                 "when a hook fails: end the run, disable the callback, or only warn"),
          choice("on_missing", {"error", "warn", "ignore"}, "error",
                 "when a monitored metric does not exist in the run")};
}

bool runs_on_every_rank(const CallbackManifest& callback) {
  return (callback.flags & KAIROS_CALLBACK_EVERY_RANK) != 0 || callback.phase == KAIROS_PHASE_MEASURE ||
         callback.phase == KAIROS_PHASE_DECIDE;
}

/// What the author tells, as far as there is something.
std::vector<std::pair<std::string, std::string>> entries_of(const About& about) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& [name, text] : {std::pair{"author", &about.author},
                                   {"license", &about.license},
                                   {"url", &about.url},
                                   {"description", &about.description},
                                   {"support", &about.support}})
    if (!text->empty()) entries.emplace_back(name, *text);
  return entries;
}

// ---------------------------------------------------------------- JSON

ordered_json json_of(const OptionValue& value) {
  switch (value.type) {
    case KAIROS_TYPE_ABSENT:
      return nullptr;
    case KAIROS_TYPE_BOOL:
      return value.integer != 0;
    case KAIROS_TYPE_INT:
      return value.integer;
    case KAIROS_TYPE_FLOAT:
      if (std::isfinite(value.number)) return value.number;
      return value_text(value);
    default:
      return value_text(value);
  }
}

/// Of a path: "reads", "writes", "directory", "saves"; none if the plugin does not declare them.
std::vector<std::string> access_of(const OptionSpec& option) {
  std::vector<std::string> words;
  for (const auto& [bit, word] : {std::pair{KAIROS_OPTION_READS, "reads"},
                                  {KAIROS_OPTION_WRITES, "writes"},
                                  {KAIROS_OPTION_DIRECTORY, "directory"},
                                  {KAIROS_OPTION_SAVES, "saves"}})
    if ((option.flags & bit) != 0) words.emplace_back(word);
  return words;
}

ordered_json json_of(const OptionSpec& option) {
  return {
      {"name", option.name},
      {"type", type_name(option.type)},
      {"items", option.type == KAIROS_TYPE_LIST ? ordered_json(type_name(option.item_type)) : ordered_json()},
      {"deprecated", option.deprecated},
      {"required", is_required(option)},
      {"default", json_of(option.initial)},
      {"min", json_of(option.min)},
      {"max", json_of(option.max)},
      {"min_excluded", (option.flags & KAIROS_OPTION_MIN_EXCLUSIVE) != 0},
      {"max_excluded", (option.flags & KAIROS_OPTION_MAX_EXCLUSIVE) != 0},
      {"unit", option.unit},
      {"choices", option.choices},
      {"aliases", option.aliases},
      {"help", option.help},
      {"access", access_of(option)},
      {"secret", is_secret(option)},
      {"voids_state", (option.flags & KAIROS_OPTION_STATE) != 0}};
}

ordered_json json_of(const std::vector<OptionSpec>& options) {
  ordered_json list = ordered_json::array();
  for (const OptionSpec& option : options) list.push_back(json_of(option));
  return list;
}

ordered_json json_of(const CallbackManifest& callback) {
  ordered_json one{{"id", callback.id},
                   {"name", callback.short_name()},
                   {"summary", callback.summary},
                   {"phase", phase_name(callback.phase)},
                   {"capabilities", capability_names(callback.capabilities)},
                   {"publishes", callback.publishes},
                   {"aliases", callback.aliases},
                   {"before", callback.before},
                   {"after", callback.after},
                   {"every_rank", runs_on_every_rank(callback)}};
  one["state"] = nullptr;
  if (callback.state_version != 0)
    one["state"] = {{"version", callback.state_version}, {"oldest", callback.oldest_state_version}};
  one["hooks"] = callback.hooks;
  one["options"] = json_of(callback.options);
  one["host_options"] = json_of(host_options(callback));
  return one;
}

ordered_json json_of(const Plugin& plugin, std::optional<std::size_t> only) {
  const Manifest& manifest = plugin.manifest;
  ordered_json one{
      {"file", plugin.file.string()},
      {"version", manifest.version},
      {"abi",
       {{"major", manifest.major}, {"required", manifest.minor_required}, {"built", manifest.minor_built}}},
      {"sdk", manifest.sdk},
      {"compiler", manifest.compiler}};
  one["about"] = ordered_json::object();
  for (const auto& [name, text] : entries_of(manifest.about)) one["about"][name] = text;
  one["callbacks"] = ordered_json::array();
  for (std::size_t i = 0; i < manifest.callbacks.size(); ++i)
    if (!only || *only == i) one["callbacks"].push_back(json_of(manifest.callbacks[i]));
  return one;
}

ordered_json json_of(const Refusal& refusal) {
  const Diagnosis why = with_flags(refusal.diagnosis);
  return {{"file", refusal.file.string()}, {"code", why.code}, {"what", why.what},   {"found", why.found},
          {"expected", why.expected},      {"cure", why.cure}, {"text", why.text()}, {"ids", refusal.ids}};
}

/// File names and manifests may contain bytes that are not UTF-8.
std::string dumped(const ordered_json& document) {
  return document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// ---------------------------------------------------------------- text

/// Columns as wide as their widest entry, except for the last one.
std::string table(std::vector<std::vector<std::string>> rows, const char* indent) {
  std::vector<std::size_t> widths;
  for (auto& row : rows) {
    for (std::string& cell : row) cell = printable(cell);
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += fmt::format("{:<{}}", row[i], i + 1 == row.size() ? 0 : widths[i] + 2);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

const char* access_text(std::uint32_t flags) {
  const bool reads = (flags & KAIROS_OPTION_READS) != 0, writes = (flags & KAIROS_OPTION_WRITES) != 0;
  if (!writes) return reads ? "is read" : "neither declared as read nor as written, so treated as written";
  if ((flags & KAIROS_OPTION_DIRECTORY) != 0) return "files are written into it";
  return reads ? "is read and written" : "is written";
}

std::string remarks(const OptionSpec& option) {
  std::string text = option.help;
  const auto add = [&text](const std::string& remark) { text += (text.empty() ? "" : "; ") + remark; };
  if (!option.deprecated.empty()) add("deprecated: " + option.deprecated);
  if (option.type == KAIROS_TYPE_ENUM) add("one of " + joined(option.choices));
  if (option.item_type == KAIROS_TYPE_ENUM) add("each one of " + joined(option.choices));
  if (option.type == KAIROS_TYPE_EXPRESSION && !option.choices.empty())
    add("variables: " + joined(option.choices));
  if (const std::string bounds = bounds_text(option); !bounds.empty())
    add(bounds);
  else if (!option.unit.empty())
    add("in " + option.unit);
  if (!option.aliases.empty()) add("aliases: " + joined(option.aliases));
  if (option.type == KAIROS_TYPE_PATH) add(access_text(option.flags));
  if (is_secret(option)) add("secret: also env:NAME or file:PATH");
  if ((option.flags & KAIROS_OPTION_STATE) != 0) add("another value voids saved state");
  return text;
}

std::string default_text(const OptionSpec& option) {
  if (is_required(option)) return "required";
  return option.initial.absent() ? "not set" : value_text(option.initial);
}

std::string type_text(const OptionSpec& option) {
  const std::string type(type_name(option.type));
  return option.type == KAIROS_TYPE_LIST ? type + " of " + std::string(type_name(option.item_type)) : type;
}

std::string options_text(const std::vector<OptionSpec>& options) {
  std::vector<std::vector<std::string>> rows;
  for (const OptionSpec& option : options)
    rows.push_back({option.name, type_text(option), default_text(option), remarks(option)});
  return table(rows, "    ");
}

std::string callback_text(const CallbackManifest& callback) {
  const auto or_none = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
  std::string state = "none";
  if (callback.state_version != 0)
    state = fmt::format("version {}, reads from version {}", callback.state_version,
                        callback.oldest_state_version);
  std::string text = fmt::format("\n{}: {}\n", callback.id, printable(callback.summary));
  std::vector<std::vector<std::string>> rows{
      {"phase", std::string(phase_name(callback.phase))},
      {"capabilities", or_none(joined(capability_names(callback.capabilities)))},
      {"publishes", or_none(joined(callback.publishes))},
      {"state", state},
      {"ranks", runs_on_every_rank(callback) ? "every rank" : "rank 0"},
      {"hooks", or_none(joined(callback.hooks))}};
  for (const auto& [name, ids] : {std::pair{"former ids", &callback.aliases},
                                  {"called before", &callback.before},
                                  {"called after", &callback.after}})
    if (!ids->empty()) rows.push_back({name, joined(*ids)});
  text += table(std::move(rows), "  ");
  if (!callback.options.empty()) text += "  options (name, type, default)\n" + options_text(callback.options);
  return text + "  options of every callback\n" + options_text(host_options(callback));
}

std::string in_cell(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) out += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  return out;
}

std::string markdown_option(const OptionSpec& option) {
  if (is_required(option)) return fmt::format("**`{}`**", option.name);
  if (option.initial.absent()) return fmt::format("`{}`", option.name);
  return fmt::format("`{}={}`", option.name, value_text(option.initial));
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

}  // namespace

std::string catalog_json(const Catalog& catalog) {
  ordered_json document;
  for (const char* key : {"directories", "plugins", "refused"}) document[key] = ordered_json::array();
  for (const auto& directory : catalog.directories()) document["directories"].push_back(directory.string());
  for (const Plugin& plugin : catalog.plugins()) document["plugins"].push_back(json_of(plugin, std::nullopt));
  for (const Refusal& refusal : catalog.refusals()) document["refused"].push_back(json_of(refusal));
  return dumped(document);
}

std::string plugin_json(const Plugin& plugin, std::optional<std::size_t> only) {
  return dumped(json_of(plugin, only));
}

std::string refusal_json(const Refusal& refusal) {
  return dumped({{"refused", json_of(refusal)}});
}

std::string catalog_text(const Catalog& catalog) {
  const bool has_authors = std::ranges::any_of(
      catalog.plugins(), [](const Plugin& plugin) { return !plugin.manifest.about.author.empty(); });
  std::vector<std::vector<std::string>> rows{{"CALLBACK", "ID", "PHASE", "VERSION", "FILE"}};
  if (has_authors) rows.front().insert(rows.front().end() - 1, "AUTHOR");
  for (const Plugin& plugin : catalog.plugins())
    for (const CallbackManifest& callback : plugin.manifest.callbacks) {
      rows.push_back({std::string(callback.short_name()), callback.id,
                      std::string(phase_name(callback.phase)), plugin.manifest.version,
                      printable(plugin.file.string())});
      if (has_authors) rows.back().insert(rows.back().end() - 1, plugin.manifest.about.author);
    }
  std::string text;
  if (rows.size() > 1) {
    text = table(rows, "");
  } else {
    std::vector<std::string> searched;
    for (const auto& directory : catalog.directories()) searched.push_back(printable(directory.string()));
    text = (searched.empty() ? "No directory is searched" : "No plugin found in " + joined(searched)) +
           ". Name a directory with --plugin-dir\n";
  }
  // A library that a plugin needs may lie beside it.
  const auto is_plain = [](const Refusal& refusal) { return refusal.diagnosis.code == "KAIROS-L011"; };
  std::string rejected, plain;
  for (const Refusal& refusal : catalog.refusals()) {
    if (is_plain(refusal))
      plain += "  " + printable(refusal.file.string()) + "\n";
    else
      rejected += "  " + with_flags(refusal.diagnosis).text() + "\n";
  }
  if (!rejected.empty()) text += "\nRejected:\n" + rejected;
  if (!plain.empty()) text += "\nLibraries that are no plugins:\n" + plain;
  return text;
}

std::string plugin_text(const Plugin& plugin, std::optional<std::size_t> only) {
  const Manifest& manifest = plugin.manifest;
  std::vector<std::vector<std::string>> rows{
      {"file", printable(plugin.file.string())},
      {"version", manifest.version},
      {"ABI", fmt::format("{}.{}, runs in hosts from {}.{}", manifest.major, manifest.minor_built,
                          manifest.major, manifest.minor_required)},
      {"SDK", manifest.sdk},
      {"compiler", manifest.compiler}};
  for (const auto& [name, about] : entries_of(manifest.about)) rows.push_back({name, about});
  std::string text = table(std::move(rows), "");
  for (std::size_t i = 0; i < manifest.callbacks.size(); ++i)
    if (!only || *only == i) text += callback_text(manifest.callbacks[i]);
  return text;
}

std::string catalog_markdown(const Catalog& catalog) {
  std::vector<std::string> rows;
  for (const Plugin& plugin : catalog.plugins())
    for (const CallbackManifest& callback : plugin.manifest.callbacks) {
      std::vector<std::string> options;
      for (const OptionSpec& option : callback.options) options.push_back(markdown_option(option));
      std::string summary = callback.summary;
      if (summary.ends_with('.')) summary.pop_back();
      rows.push_back(fmt::format("| {} | {} | {} | {} |\n", callback.short_name(), phase_name(callback.phase),
                                 in_cell(summary), options.empty() ? "none" : in_cell(joined(options))));
    }
  std::sort(rows.begin(), rows.end(),
            [](const std::string& a, const std::string& b) { return lower(a) < lower(b); });
  return "| callback | phase | what it does | options and defaults |\n|---|---|---|---|\n" + joined(rows, "");
}

}  // namespace kairos::host::cli
