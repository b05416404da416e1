// SPDX-License-Identifier: MIT
// kairos plugins: what there is and what it takes, read without running any of it.
#include <algorithm>
#include <optional>

#include "cli/command.hpp"
#include "cli/plugin_report.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

constexpr const char* overview =
    "kairos plugins: what there is to load, read without running any of it\n\n"
    "  kairos plugins list                    callbacks that are found, and files that are refused\n"
    "  kairos plugins inspect NAME|FILE.so    everything that a plugin says of itself\n\n"
    "`kairos plugins list --help` and `kairos plugins inspect --help` list the flags.\n";

constexpr const char* list_explanation =
    "\nA file that is refused stands below the table (in the JSON: \"refused\") with its code, the reason "
    "and "
    "the cure.\nThe exit code is 0 all the same: listing has succeeded, and one bad file does not take the "
    "others away.\n"
    "JSON: {\"directories\", \"plugins\": [{\"file\", \"version\", \"abi\", \"sdk\", \"compiler\", "
    "\"callbacks\": [{\"id\", \"name\", \"summary\",\n\"phase\", \"capabilities\", \"publishes\", \"state\", "
    "\"hooks\", \"options\", \"host_options\"}]}], \"refused\": [{\"file\", \"code\", \"what\", \"found\",\n"
    "\"expected\", \"cure\", \"text\", \"ids\"}]}. Keys are only ever added.\n";

constexpr const char* inspect_explanation =
    "\nNAME is an id or short name (EarlyStopping, early_stopping, kairos.EarlyStopping), FILE.so a path; "
    "FILE.so#ID means one\ncallback of several. A file that is refused is explained, and the exit code is "
    "3.\n"
    "JSON: one entry of \"plugins\" as `kairos plugins list --json` prints it, or {\"refused\": …}.\n";

[[noreturn]] void bad_usage(const std::string& what, const std::string& found, const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U001", "kairos plugins", what, found, "", cure});
}

int list(Arguments arguments) {
  const Settings settings("plugins list", plugins_list_settings(), arguments);
  if (settings.help_wanted())
    return print(settings.help("callbacks that are found, and files that are refused") + list_explanation), 0;
  if (settings.is_on("json") && settings.is_on("markdown"))
    bad_usage("--json and --markdown exclude each other", "", "Give one of them");
  const Catalog catalog = scan_catalog(settings.list("plugin_dir"), {});
  print(settings.is_on("json")       ? catalog_json(catalog)
        : settings.is_on("markdown") ? catalog_markdown(catalog)
                                     : catalog_text(catalog));
  return 0;
}

/// The refusal of the file itself; by name, the error of Catalog::find says all.
const Refusal* refusal_of(const Catalog& catalog, const PluginSpec& spec) {
  const auto file = std::filesystem::absolute(spec.target).lexically_normal();
  const auto found = std::find_if(catalog.refusals().begin(), catalog.refusals().end(),
                                  [&](const Refusal& refusal) { return refusal.file == file; });
  return found == catalog.refusals().end() ? nullptr : &*found;
}

/// The plugin of a file, and which of its callbacks was meant; none for all.
std::pair<const Plugin*, std::optional<std::size_t>> find(const Catalog& catalog, const PluginSpec& spec) {
  if (!spec.is_file() || !spec.callback.empty()) {
    const Catalog::Match match = catalog.find(spec);
    return {match.plugin, match.index};
  }
  const auto file = std::filesystem::absolute(spec.target).lexically_normal();
  for (const Plugin& plugin : catalog.plugins())
    if (plugin.file == file) return {&plugin, std::nullopt};
  return {catalog.find(spec).plugin, std::nullopt};
}

int inspect(Arguments arguments) {
  std::vector<std::string> flags(arguments.begin(), arguments.end());
  const std::vector<std::string> names = take_words(flags, plugins_inspect_settings());
  const Settings settings("plugins inspect", plugins_inspect_settings(), flags);
  if (settings.help_wanted())
    return print(settings.help("everything that a plugin says of itself") + inspect_explanation), 0;
  if (names.size() != 1)
    bad_usage("inspect takes one name", names.empty() ? "none" : "\"" + names[1] + "\" too",
              "Write kairos plugins inspect EarlyStopping");
  const std::vector<PluginSpec> specs = parse_specs(names);
  if (!specs.front().options.empty() || !specs.front().instance.empty())
    bad_usage("inspect takes a name without options", "\"" + names.front() + "\"",
              "Write kairos plugins inspect " + specs.front().target);
  const Catalog catalog = scan_catalog(settings.list("plugin_dir"), specs);
  const Refusal* refusal = specs.front().is_file() ? refusal_of(catalog, specs.front()) : nullptr;
  if (refusal != nullptr && !settings.is_on("json")) throw Error(ErrorKind::Plugin, refusal->diagnosis);
  if (refusal != nullptr) return print(refusal_json(*refusal)), 3;
  const auto [plugin, only] = find(catalog, specs.front());
  print(settings.is_on("json") ? plugin_json(*plugin, only) : plugin_text(*plugin, only));
  return 0;
}

}  // namespace

int run_plugins(Arguments arguments) {
  if (arguments.empty())
    bad_usage("a word is missing", "", "Write kairos plugins list, or kairos plugins inspect NAME");
  const std::string& command = arguments.front();
  if (command == "list") return list(arguments.subspan(1));
  if (command == "inspect") return inspect(arguments.subspan(1));
  if (command == "--help" || command == "help") return print(overview), 0;
  bad_usage("there is no such command", "\"" + command + "\"", suggest(command, {"list", "inspect"}));
}

}  // namespace kairos::host::cli
