// SPDX-License-Identifier: MIT
// What a status of the ABI is called in messages.
#pragma once

#include <string_view>

#include "kairos/abi.h"

namespace kairos::host {

/// "KAIROS_E_DENIED" and so on, in words: "denied".
[[nodiscard]] std::string_view status_text(kairos_status status) noexcept;

}  // namespace kairos::host
