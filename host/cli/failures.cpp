// SPDX-License-Identifier: MIT
// Tells failures of the machine from those of the program.
#include "cli/failures.hpp"

#include <csignal>
#include <filesystem>
#include <new>
#include <optional>
#include <string>
#include <system_error>

#include "cli/exit_codes.hpp"

namespace kairos::host::cli {

namespace {

/// Nothing while the current directory exists.
std::optional<Error> removed_directory() {
  std::error_code error;
  static_cast<void>(std::filesystem::current_path(error));
  if (!error) return std::nullopt;
  return Error(ErrorKind::File,
               {"KAIROS-F085", "kairos", "the current directory cannot be used", error.message(),
                "a directory that exists", "Change to another directory; this one was probably removed"});
}

}  // namespace

Error explained(const Error& error) {
  if (error.kind() != ErrorKind::File) return error;
  return removed_directory().value_or(error);
}

Error error_of(const std::exception& failure, const char* internal_code) {
  if (dynamic_cast<const std::bad_alloc*>(&failure) != nullptr)
    return {ErrorKind::File,
            {"KAIROS-F086", "kairos", "the memory ran out", "", "",
             "Read the data while it is used with --stream true, choose a smaller --batch-size, or raise the "
             "limit of the process (ulimit -v)"}};
  if (const std::optional<Error> removed = removed_directory()) return *removed;
  const bool is_run = std::string(internal_code) == "KAIROS-I003";
  return {ErrorKind::Internal,
          {internal_code, "kairos", (is_run ? "the run failed: " : "") + std::string(failure.what()), "", "",
           is_run ? "Report this with the command that caused it, unless threads ran out"
                  : "Report this, with the command that caused it"}};
}

int end_by_closed_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGPIPE);
  ::pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
  std::raise(SIGPIPE);
  return exit_code_of_signal(SIGPIPE);
}

}  // namespace kairos::host::cli
