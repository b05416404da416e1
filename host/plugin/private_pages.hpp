// SPDX-License-Identifier: MIT
// Makes the memory of a loaded plugin independent of its file.
#pragma once

#include "plugin/loaded_code.hpp"

namespace kairos::host {

/// Whether the constructors of the plugin may have started threads, which use its variables.
enum class Threads { None, Started };

/// Replaces every page that is still backed by the file by a copy at the same address, with the same content
/// and protection, so that a file that is overwritten or truncated changes nothing. The dynamic linker still
/// knows the object under its path. Pages with variables stay where threads may use them. False if pages
/// stay, also because one could not be read (the file was truncated meanwhile), or because the system forbids
/// to execute memory without a file.
[[nodiscard]] bool make_private(const LoadedCode& code, Threads threads) noexcept;

}  // namespace kairos::host
