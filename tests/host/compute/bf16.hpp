// SPDX-License-Identifier: MIT
// Helpers for tests of bfloat16 products.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>

#include "compute/processor.hpp"

namespace kairos::tests {

/// Reports in the test's output if the processor does not support bfloat16.
inline bool multiplies_bf16() {
  const host::Processor processor = host::this_processor();
  if (!processor.multiplies_bf16)
    WARN("skipped: this processor (" << processor.vectors << ") does not multiply bfloat16");
  return processor.multiplies_bf16;
}

/// A number as it is in bfloat16: the upper half of its bits, to the nearest, ties to even. Not for NaN.
inline float rounded(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  bits += 0x7FFFU + ((bits >> 16U) & 1U);
  bits &= 0xFFFF0000U;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

}  // namespace kairos::tests
