// SPDX-License-Identifier: MIT
// kairos plugins: lists and inspects plugins without running them.
#include <algorithm>
#include <optional>

#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/plugin_report.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

constexpr const char* overview =
    "kairos plugins: list or inspect plugins without running them, or check them in short runs\n\n"
    "  kairos plugins list                    list the callbacks that are found, and the files that are "
    "rejected\n"
    "  kairos plugins inspect NAME|FILE.so    print the whole manifest of a plugin\n"
    "  kairos plugins check [NAME|FILE.so|DIR…]  check that callbacks survive what happens in runs\n\n"
    "`kairos plugins list --help` and so on list the flags.\n";

constexpr const char* list_explanation =
    "\nRejected files are listed below the table (in the JSON: \"refused\") with code, reason and cure.\n"
    "The exit code is 0 even if files are rejected.\n"
    "JSON: {\"directories\", \"plugins\": [{\"file\", \"version\", \"abi\", \"sdk\", \"compiler\", "
    "\"about\", "
    "\"callbacks\": [{\"id\", \"name\",\n\"summary\", \"phase\", \"capabilities\", \"publishes\", "
    "\"aliases\", \"before\", \"after\", \"every_rank\", "
    "\"state\", \"hooks\", \"options\", \"host_options\"}]}],\n\"refused\": [{\"file\", \"code\", \"what\", "
    "\"found\", "
    "\"expected\", \"cure\", \"text\", \"ids\"}]}. Keys are only ever added.\n";

constexpr const char* inspect_explanation =
    "\nNAME is an id or short name (EarlyStopping, early_stopping, kairos.EarlyStopping), FILE.so a path; "
    "FILE.so#ID is one\ncallback of several. For a rejected file, the reason is printed, and the exit code "
    "is 3.\n"
    "JSON: one entry of \"plugins\" as `kairos plugins list --json` prints it, or {\"refused\": …}.\n";

[[noreturn]] void bad_usage(const std::string& what, const std::string& found, const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U001", "kairos plugins", what, found, "", cure});
}

int list(Arguments arguments) {
  const Settings settings(Command::PluginsList, arguments);
  if (settings.help_wanted())
    return print(settings.help("list the callbacks that are found, and the files that are rejected") +
                 list_explanation),
           0;
  if (settings.is_on("json") && settings.is_on("markdown"))
    bad_usage("--json and --markdown are mutually exclusive", "", "Give one of them");
  const Catalog catalog = scan_catalog(settings.items("plugin_dir"), {});
  print(settings.is_on("json")       ? catalog_json(catalog)
        : settings.is_on("markdown") ? catalog_markdown(catalog)
                                     : catalog_text(catalog));
  return 0;
}

/// The refusal of the file itself. For a name, Catalog::find reports it.
const Refusal* refusal_of(const Catalog& catalog, const PluginSpec& spec) {
  const auto file = std::filesystem::absolute(spec.target).lexically_normal();
  const auto found = std::find_if(catalog.refusals().begin(), catalog.refusals().end(),
                                  [&](const Refusal& refusal) { return refusal.file == file; });
  return found == catalog.refusals().end() ? nullptr : &*found;
}

/// The plugin, and the index of the callback that the spec names; none for all callbacks.
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
  const auto [names, settings] = read_command_line(Command::PluginsInspect, arguments);
  if (settings.help_wanted())
    return print(settings.help("print the whole manifest of a plugin", "NAME|FILE.so") + inspect_explanation),
           0;
  if (names.size() != 1)
    bad_usage("inspect takes exactly one name", std::to_string(names.size()),
              "Write kairos plugins inspect EarlyStopping");
  const std::vector<PluginSpec> specs = parse_specs(names);
  if (!specs.front().options.empty() || !specs.front().instance.empty())
    bad_usage("inspect takes a name without options", "\"" + names.front() + "\"",
              "Write kairos plugins inspect " + specs.front().target);
  const Catalog catalog = scan_catalog(settings.items("plugin_dir"), specs);
  const Refusal* refusal = specs.front().is_file() ? refusal_of(catalog, specs.front()) : nullptr;
  if (refusal != nullptr && !settings.is_on("json")) throw Error(ErrorKind::Plugin, refusal->diagnosis);
  if (refusal != nullptr) return print(refusal_json(*refusal)), exit_code(ErrorKind::Plugin);
  const auto [plugin, only] = find(catalog, specs.front());
  print(settings.is_on("json") ? plugin_json(*plugin, only) : plugin_text(*plugin, only));
  return 0;
}

}  // namespace

int run_plugins(Arguments arguments) {
  if (arguments.empty())
    bad_usage("the subcommand is missing", "", "Write kairos plugins list, inspect NAME, or check");
  const std::string& command = arguments.front();
  if (command == "list") return list(arguments.subspan(1));
  if (command == "inspect") return inspect(arguments.subspan(1));
  if (command == "check") return run_plugins_check(arguments.subspan(1));
  if (command == "--help" || command == "-h" || command == "help") return print(overview), 0;
  bad_usage("unknown subcommand", "\"" + command + "\"", suggest(command, {"list", "inspect", "check"}));
}

}  // namespace kairos::host::cli
