// SPDX-License-Identifier: MIT
// The manifest of a plugin.
#include "fuzz.hpp"
#include "plugin/manifest/manifest.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::uint16_t minor_built : {std::uint16_t{0}, std::uint16_t{9}}) {
    host::AbiVersions abi;
    abi.minor_built = minor_built;
    fuzz::expect_value_or_diagnosis(
        [&] { static_cast<void>(host::parse_manifest(fuzz::text_of(data, size), abi)); });
  }
  return 0;
}
