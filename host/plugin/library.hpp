// SPDX-License-Identifier: MIT
// Loads a plugin that passed the checks and holds its code for as long as the process lives.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kairos/abi.h"
#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// A callback of a loaded plugin.
struct LoadedCallback {
  const kairos_callback* declaration;  ///< static data of the plugin
  kairos_hooks hooks;  ///< the host's own copy at full size: slots that the plugin does not know are null
};

/// Code of one plugin. It is never unloaded, not even when the last Library of it goes: threads, destructors
/// of thread-local variables and exception objects of the plugin may outlive every instance, and their code
/// must still be there.
class Library {
 public:
  /// Loads the file (this runs its static constructors), makes its memory independent of the file, and checks
  /// that its data says what the manifest said. Throws Error(Plugin), KAIROS-L021 … L024.
  [[nodiscard]] static std::shared_ptr<Library> load(const Plugin& plugin);

  [[nodiscard]] const kairos_plugin& plugin() const noexcept { return *plugin_; }
  /// False where the system forbids that: the file must not be overwritten.
  [[nodiscard]] bool is_private() const noexcept { return is_private_; }
  /// In the order of the manifest.
  [[nodiscard]] std::span<const LoadedCallback> callbacks() const noexcept { return callbacks_; }

 private:
  Library(const kairos_plugin& plugin, bool is_private);

  const kairos_plugin* plugin_;
  bool is_private_;
  std::vector<LoadedCallback> callbacks_;
};

}  // namespace kairos::host
