// SPDX-License-Identifier: MIT
// Failures of the machine as errors that say what to do.
#pragma once

#include <exception>

#include "kairos/host/error.hpp"

namespace kairos::host::cli {

/// Thrown where standard output is a pipe that nobody reads any more: the program ends as others do then.
struct ClosedPipe {};

/// For an exception without a code: memory that ran out, a current directory that was removed, or else an
/// internal error with this code.
[[nodiscard]] Error error_of(const std::exception& failure, const char* internal_code);

/// The error, or the one that explains it: a relative path does not exist where the current directory was
/// removed.
[[nodiscard]] Error explained(const Error& error);

/// Ends the process by SIGPIPE, without a message. Returns the exit code for a parent that ignores SIGPIPE.
[[nodiscard]] int end_by_closed_pipe();

}  // namespace kairos::host::cli
