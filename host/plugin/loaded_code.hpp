// SPDX-License-Identifier: MIT
// Which addresses of the process belong to plugins.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// The code of one plugin in memory. It is never freed, because a signal handler may read it at any time.
struct LoadedCode {
  std::uintptr_t begin = 0, end = 0;
  std::string file, contact;  ///< contact: to whom a crash is reported
  FileIdentity identity;      ///< of the file when it was loaded
  LoadedCode* next = nullptr;
};

/// The plugin with this address; null if there is none. Async-signal-safe.
[[nodiscard]] const LoadedCode* code_at(std::uintptr_t address) noexcept;

/// Adds the object that holds `address`, a symbol of the plugin, unless it is known.
const LoadedCode& keep_code(const void* address, const Plugin& plugin);

/// "its author, Jane Doe (https://example.com/issues)", at most a line long.
[[nodiscard]] std::string contact_of(const About& about);

}  // namespace kairos::host
