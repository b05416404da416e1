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
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

using Arguments = std::span<const std::string>;

int run_fit(Arguments arguments);
int run_evaluate(Arguments arguments);
int run_predict(Arguments arguments);
int run_plugins(Arguments arguments);
int run_replay(Arguments arguments);
int run_summary(Arguments arguments);
int run_convert(Arguments arguments);
int run_explain(Arguments arguments);
int run_plot(Arguments arguments);

/// Prints information to standard output, warnings and errors to standard error. Fields that the library
/// names become flags.
[[nodiscard]] MessageSink console_messages();

/// Where plugins are searched: `directories` (from --plugin-dir), KAIROS_PLUGIN_PATH, and
/// ../lib/kairos/plugins relative to the program.
[[nodiscard]] std::vector<std::filesystem::path> search_directories(
    const std::vector<std::string>& directories);

/// The catalog of those directories and of the files that `specs` name.
[[nodiscard]] Catalog scan_catalog(const std::vector<std::string>& directories,
                                   std::span<const PluginSpec> specs);

/// The specs of all --plugin values.
[[nodiscard]] std::vector<PluginSpec> parse_specs(const std::vector<std::string>& texts);

/// Prints to standard output, with control characters escaped. Throws ClosedPipe if nobody reads it any more,
/// Error(File) if it fails otherwise (a full disk).
void print(std::string_view text);

}  // namespace kairos::host::cli
