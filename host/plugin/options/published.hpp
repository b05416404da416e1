// SPDX-License-Identifier: MIT
// The log keys that a callback publishes: "score:max,{monitor}_smooth,{instance}_f1".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/plugins.hpp"
#include "kairos/host/training_target.hpp"
#include "plugin/options/options.hpp"

namespace kairos::host {

/// One entry of `publishes`.
struct PublishedEntry {
  std::string name;                       ///< with placeholders in braces
  std::vector<std::string> placeholders;  ///< names of options, or "instance"
  Direction direction = Direction::Unknown;
};

/// Empty if the entry does not follow the grammar NAME[:min|:max].
[[nodiscard]] std::optional<PublishedEntry> read_published(std::string_view entry);

/// The keys of an instance, placeholders replaced. Throws Error(Plugin) KAIROS-O016 for a placeholder without
/// a value, or with one that makes no key.
[[nodiscard]] std::vector<LogKey> published_keys(const CallbackManifest& callback,
                                                 const ResolvedOptions& options, const std::string& instance);

}  // namespace kairos::host
