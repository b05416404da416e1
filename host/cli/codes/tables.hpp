// SPDX-License-Identifier: MIT
// The tables that make up the register, one for each letter, each sorted by code.
#pragma once

#include "cli/codes/error_codes.hpp"

namespace kairos::host::cli {

[[nodiscard]] std::span<const CodeEntry> callback_codes();
[[nodiscard]] std::span<const CodeEntry> data_codes();
[[nodiscard]] std::span<const CodeEntry> file_codes();
[[nodiscard]] std::span<const CodeEntry> internal_codes();
[[nodiscard]] std::span<const CodeEntry> model_codes();
[[nodiscard]] std::span<const CodeEntry> option_codes();
[[nodiscard]] std::span<const CodeEntry> plugin_codes();
[[nodiscard]] std::span<const CodeEntry> usage_codes();

}  // namespace kairos::host::cli
