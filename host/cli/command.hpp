// SPDX-License-Identifier: MIT
// The commands of the program: arguments in, exit code out. Errors are thrown as Error and printed by main.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/settings.hpp"
#include "kairos/host/callbacks.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

using Arguments = std::span<const std::string>;

int run_fit(Arguments arguments);
int run_evaluate(Arguments arguments);
int run_predict(Arguments arguments);
int run_plugins(Arguments arguments);
int run_plugins_check(Arguments arguments);
int run_replay(Arguments arguments);
int run_summary(Arguments arguments);
int run_convert(Arguments arguments);
int run_explain(Arguments arguments);
int run_plot(Arguments arguments);
int run_runs(Arguments arguments);

/// Prints information to standard output, everything else from `least` on to standard error, with the name of
/// the callback that wrote it. Fields that the library names become flags.
[[nodiscard]] MessageSink console_messages(Level least = Level::Info);

/// A message as whole lines, each with `prefix`, its level and its author, without control characters.
[[nodiscard]] std::string message_text(Level level, std::string_view author, std::string_view message,
                                       std::string_view prefix = "");
/// The level that --log-level names.
[[nodiscard]] Level log_level(const Settings& settings);
/// What --slow-hook and KAIROS_CHECK_PLUGINS say.
void set_watch_over_plugins(const Settings& settings, RunOptions& options);

/// Where plugins are searched: `directories` (from --plugin-dir), KAIROS_PLUGIN_PATH, the user's directory
/// ($XDG_DATA_HOME/kairos/plugins), and ../lib/kairos/plugins relative to the program.
[[nodiscard]] std::vector<std::filesystem::path> search_directories(
    const std::vector<std::string>& directories);

/// The catalog of those directories and of the files that `specs` name.
[[nodiscard]] Catalog scan_catalog(const std::vector<std::string>& directories,
                                   std::span<const PluginSpec> specs);

/// The specs of all --plugin values.
[[nodiscard]] std::vector<PluginSpec> parse_specs(const std::vector<std::string>& texts);

/// Without --allow-shell, refuses callbacks that run commands (KAIROS_CAN_RUN_COMMANDS) if `file`, such as
/// "--config run.json", names them.
void refuse_commands_of(const std::string& file, const Settings& settings, std::span<const PluginSpec> specs,
                        const Catalog& catalog);
/// The same if the callbacks of the settings come from a configuration.
void refuse_commands_of_config(const Settings& settings, std::span<const PluginSpec> specs,
                               const Catalog& catalog);

/// Keeps secrets that were given in a --plugin out of the record of the settings.
void hide_secrets(Settings& settings, const Catalog& catalog);

/// --print-config: the effective settings, without secrets.
void print_config(Settings& settings);

/// Prints to standard output, with control characters escaped. Throws ClosedPipe if nobody reads it any more,
/// Error(File) if it fails otherwise (a full disk).
void print(std::string_view text);

}  // namespace kairos::host::cli
