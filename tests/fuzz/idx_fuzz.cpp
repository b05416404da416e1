// SPDX-License-Identifier: MIT
// IDX, plain or gzipped.
#include "fuzz.hpp"
#include "io/idx.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  fuzz::expect_value_or_diagnosis([&] { static_cast<void>(host::read_idx(file.path())); });
  return 0;
}
