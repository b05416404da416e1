// SPDX-License-Identifier: MIT
// Turns the texts of a configuration into checked values, before any instance is created.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/host/plugins.hpp"
#include "kairos/host/training_target.hpp"

namespace kairos::host {

/// What happens when a hook of the instance fails.
enum class OnError { Fatal, Disable, Warn };

/// What happens when a metric that the instance watches does not exist in this run.
enum class OnMissing { Error, Warn, Ignore };

/// What is known of the run before it starts.
struct OptionContext {
  std::vector<LogKey> keys;              ///< all keys that can be monitored, `val_…` ones included
  std::filesystem::path base_directory;  ///< for relative paths; empty for the current one
};

struct ResolvedOptions {
  std::vector<OptionValue> values;  ///< one for each OptionSpec, default filled in; absent if there is none
  OnError on_error = OnError::Fatal;
  OnMissing on_missing = OnMissing::Error;
  std::vector<std::string> warnings;  ///< sentences for the user
  std::vector<bool> given;            ///< for each value, whether the user gave it
  std::vector<std::string> secrets;   ///< values that must not be printed or stored
  /// Files that secrets were read from, with the names of their options.
  std::vector<std::pair<std::string, std::filesystem::path>> secret_files;
};

/// The declared option of that name or alias; null if there is none, or if it is an option of the host.
[[nodiscard]] const OptionSpec* find_option(const CallbackManifest& callback, std::string_view key) noexcept;

/// Whether the option is a path that the callback only reads, which refers to the current directory.
[[nodiscard]] bool is_only_read(const OptionSpec& option) noexcept;

/// Names positional arguments by the options in declaration order. Throws Error(Plugin) KAIROS-O052 if there
/// are too many.
[[nodiscard]] std::vector<PluginOption> with_names(const CallbackManifest& callback,
                                                   std::span<const PluginOption> options,
                                                   std::string_view who);

/// Checks `options` against the declaration. Every instance takes `on_error` (default: disable for the phase
/// report, else fatal) and `on_missing` besides its own. Messages name the instance `who`. Throws
/// Error(Plugin) KAIROS-O020 … O027, O050 … O056 and O058 for the first option that is wrong.
[[nodiscard]] ResolvedOptions resolve_options(const CallbackManifest& callback,
                                              std::span<const PluginOption> options,
                                              const OptionContext& context, std::string_view who);

/// The same but for metrics, which are left as written: not all keys may be known yet. Relative paths refer
/// to `base_directory`; empty for the current one.
[[nodiscard]] ResolvedOptions resolve_values(const CallbackManifest& callback,
                                             std::span<const PluginOption> options,
                                             const std::filesystem::path& base_directory,
                                             std::string_view who);

/// Replaces metrics that have a name of Keras 1 or 2 by the key of today, where that one exists and the other
/// does not.
void rename_old_metrics(const CallbackManifest& callback, ResolvedOptions& options,
                        std::span<const LogKey> keys);

/// Checks that the metrics are among all keys of the run: throws Error(Plugin) KAIROS-O026, or returns
/// warnings, as `on_missing` says.
[[nodiscard]] std::vector<std::string> check_metrics(const CallbackManifest& callback,
                                                     const ResolvedOptions& options,
                                                     std::span<const LogKey> keys, std::string_view who);

}  // namespace kairos::host
