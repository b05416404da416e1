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

#include "kairos/host/model.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// What happens when a hook of the instance fails.
enum class OnError { Fatal, Disable, Warn };

/// What happens when a metric that the instance watches does not exist in this run.
enum class OnMissing { Error, Warn, Ignore };

/// What the run knows before it starts.
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

/// Checks `options` (key, text) against the declaration. Every instance takes `on_error` (default: disable
/// for the phase report, else fatal) and `on_missing` beside its own. `who` is the instance as messages name
/// it. Throws Error(Plugin) KAIROS-O020 … O027 for the first option that is wrong.
[[nodiscard]] ResolvedOptions resolve_options(const CallbackManifest& callback,
                                              std::span<const std::pair<std::string, std::string>> options,
                                              const OptionContext& context, std::string_view who);

}  // namespace kairos::host
