// SPDX-License-Identifier: MIT
// The inputs of kairos replay: cases, and logs as JSON and CSV.
#include "cli/replay_input.hpp"
#include "fuzz.hpp"
#include "kairos/host/history.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  fuzz::expect_value_or_diagnosis([&] { static_cast<void>(host::cli::read_cases(file.path(), 0.01)); });
  fuzz::expect_value_or_diagnosis([&] { static_cast<void>(host::cli::read_logs(file.path())); });
  // For files, the ending selects the kind of logs.
  fuzz::expect_value_or_diagnosis(
      [&] { static_cast<void>(host::parse_history(fuzz::text_of(data, size), "history")); });
  return 0;
}
