// SPDX-License-Identifier: MIT
// From the user's specs to instances.
#pragma once

#include <span>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

class Session;

/// Finds the callback of each spec, checks options and files, loads the libraries and creates the instances.
/// Whatever can be wrong in the configuration is found before any code of a plugin is loaded. Throws
/// Error(Plugin), or Error(Usage) where a result would replace a file that is read or another result; then
/// there is no instance.
void create_instances(Session& session, const Catalog& catalog, std::span<const PluginSpec> specs);

/// Once: checks options that name a log key, where callbacks that measure could still declare some in setup.
/// Throws Error(Plugin) KAIROS-O026.
void check_late_metrics(Session& session);

}  // namespace kairos::host
