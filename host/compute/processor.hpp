// SPDX-License-Identifier: MIT
// What the processor has for products in bfloat16.
#pragma once

#include <string>

namespace kairos::host {

struct Processor {
  std::string vectors;  ///< the widest that oneDNN uses here, as processor manuals name them
  bool multiplies_bf16;
};

/// What oneDNN may use: its environment variable ONEDNN_MAX_CPU_ISA can hold it below what is there.
[[nodiscard]] Processor this_processor();

/// Throws Error(Model) unless the processor multiplies bfloat16 itself. Products could be emulated, but at a
/// quarter of the speed of float32.
void require_bf16(const Processor& processor);

}  // namespace kairos::host
