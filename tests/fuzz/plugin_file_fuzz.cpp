// SPDX-License-Identifier: MIT
// A plugin file up to the decision whether it may be loaded; none of it is executed.
#include "fuzz.hpp"
#include "plugin/preflight.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static host::LibraryIndex libraries;  // the libraries of the system do not change between inputs
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  const host::Inspection inspection = host::inspect(file.path(), libraries);
  if (inspection.refusal)
    fuzz::expect_value_or_diagnosis([&] { throw host::Error(host::ErrorKind::Plugin, *inspection.refusal); });
  return 0;
}
