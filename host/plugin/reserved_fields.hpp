// SPDX-License-Identifier: MIT
// The fields that no minor of the ABI uses yet. A plugin that sets one means something that this host does
// not do.
#pragma once

#include "kairos/abi.h"

namespace kairos::host {

/// Throws Error(Plugin) KAIROS-L024 for a `reserved` or `flags` that is not 0, in a plugin whose sizes and
/// pointers are checked. Of a plugin that was built for a newer minor, only the flags that must not be
/// ignored are refused (kairos/abi/types.h).
void check_reserved_fields(const kairos_plugin& plugin);

}  // namespace kairos::host
