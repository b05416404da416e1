// SPDX-License-Identifier: MIT
// The library speaks of fields (`batch_size`), the program of flags (--batch-size): this is where one becomes
// the other.
#pragma once

#include <string>
#include <string_view>

#include "kairos/host/error.hpp"

namespace kairos::host::cli {

/// Replaces each field in backquotes by its flag: "give `batch_size`" as "give --batch-size", "`split=last`"
/// as "--split last". Backquoted words that are no field of the table of settings stay.
[[nodiscard]] std::string with_flags(std::string_view text);

/// Does so in every part of the diagnosis.
[[nodiscard]] Diagnosis with_flags(const Diagnosis& diagnosis);

}  // namespace kairos::host::cli
