// SPDX-License-Identifier: MIT
// Turns the texts of a configuration into checked values, before any instance is created.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
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
};

/// The declared option of that name or alias; null if there is none, or if it is an option of the host.
[[nodiscard]] const OptionSpec* find_option(const CallbackManifest& callback, std::string_view key) noexcept;

/// Names positional arguments by the options in declaration order. Throws Error(Plugin) KAIROS-O052 if there
/// are too many.
[[nodiscard]] std::vector<PluginOption> with_names(const CallbackManifest& callback,
                                                   std::span<const PluginOption> options,
                                                   std::string_view who);

/// Checks `options` against the declaration. Every instance takes `on_error` (default: disable for the phase
/// report, else fatal) and `on_missing` besides its own. Messages name the instance `who`. Throws
/// Error(Plugin) KAIROS-O020 … O027 and O050 … O056 for the first option that is wrong.
[[nodiscard]] ResolvedOptions resolve_options(const CallbackManifest& callback,
                                              std::span<const PluginOption> options,
                                              const OptionContext& context, std::string_view who);

}  // namespace kairos::host
