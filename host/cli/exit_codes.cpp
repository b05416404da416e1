// SPDX-License-Identifier: MIT
// The table of exit codes.
#include "cli/exit_codes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kairos::host::cli {

namespace {

struct Row {
  ErrorKind kind;
  int code;
  const char* meaning;
};
constexpr std::array<Row, 7> table{{
    {ErrorKind::Internal, 1, "internal error"},
    {ErrorKind::Usage, 2, "command line or RUN.json"},
    {ErrorKind::Plugin, 3, "plugin that is rejected, or its options"},
    {ErrorKind::Data, 4, "data"},
    {ErrorKind::Model, 5, "model, weights, optimizer, loss or metric"},
    {ErrorKind::File, 6, "file or directory that cannot be read or written"},
    {ErrorKind::Callback, 7, "callback that failed during the run"},
}};
constexpr int killed_by_signal = 128;  // a shell's offset

}  // namespace

int exit_code(ErrorKind kind) {
  return std::find_if(table.begin(), table.end(), [&](const Row& row) { return row.kind == kind; })->code;
}

int exit_code_of_signal(int signal) {
  return killed_by_signal + signal;
}

std::string exit_codes_help() {
  std::string text = fmt::format("  {:<7} success\n", exit_success);
  for (const Row& row : table) text += fmt::format("  {:<7} {}\n", row.code, row.meaning);
  return text + fmt::format("  {:<7} ended by signal N\n", fmt::format("{}+N", killed_by_signal));
}

}  // namespace kairos::host::cli
