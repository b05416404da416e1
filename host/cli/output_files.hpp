// SPDX-License-Identifier: MIT
// Checks of the places that results are written to.
#pragma once

#include <string>

namespace kairos::host::cli {

/// Throws Error(File) unless a file of this name can be created: before training, and without creating it.
void require_writable(const std::string& file, const std::string& flag);

}  // namespace kairos::host::cli
