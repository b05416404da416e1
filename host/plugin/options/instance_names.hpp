// SPDX-License-Identifier: MIT
// The names of the instances of a run.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// For each spec the name that the user gave, else the short name of its callback, with _2, _3 … for further
/// ones. Throws Error(Plugin) KAIROS-O030 for a name that is given twice.
[[nodiscard]] std::vector<std::string> instance_names(std::span<const PluginSpec> specs,
                                                      std::span<const CallbackManifest* const> callbacks);

}  // namespace kairos::host
