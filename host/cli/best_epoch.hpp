// SPDX-License-Identifier: MIT
// Which epoch of a run was the best, and by which key.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kairos/host/history.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

/// The key that the first callback with such an option monitors, else the validation loss, else the loss; ""
/// if the run has no values of it.
[[nodiscard]] std::string monitored_key(std::span<const PluginSpec> plugins, const History& history);

/// The index in `history` of the best value that is a number; empty if there is none, or if nothing is known
/// of which direction of the key is better.
[[nodiscard]] std::optional<std::size_t> best_epoch(const History& history, std::string_view key);

}  // namespace kairos::host::cli
