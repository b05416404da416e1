// SPDX-License-Identifier: MIT
// What the exit code of the program means.
#pragma once

#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host::cli {

constexpr int exit_success = 0;

/// Of a command that ends with this kind of error.
[[nodiscard]] int exit_code(ErrorKind kind);

/// Of a command that this signal ended in order, as shells show it for one that the signal killed.
[[nodiscard]] int exit_code_of_signal(int signal);

/// A line per exit code, for the help.
[[nodiscard]] std::string exit_codes_help();

}  // namespace kairos::host::cli
