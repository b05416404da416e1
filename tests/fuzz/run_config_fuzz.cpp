// SPDX-License-Identifier: MIT
// A run in JSON, as given with --config.
#include "cli/settings.hpp"
#include "fuzz.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  const std::vector<std::string> arguments{"--config", file.path().string()};
  fuzz::expect_value_or_diagnosis([&] {
    const host::cli::Settings settings(host::cli::Command::Fit, arguments);
    static_cast<void>(settings.json());
  });
  return 0;
}
