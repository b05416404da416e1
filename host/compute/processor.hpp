// SPDX-License-Identifier: MIT
// The processor's support for bfloat16 products.
#pragma once

#include <string>

namespace kairos::host {

struct Processor {
  std::string
      vectors;  ///< the widest vector extension that oneDNN uses here, by its name in processor manuals
  bool multiplies_bf16;
};

/// What oneDNN may use: its environment variable ONEDNN_MAX_CPU_ISA can limit it.
[[nodiscard]] Processor this_processor();

/// Throws Error(Model) unless the processor has bfloat16 instructions. Emulated products would run at a
/// quarter of the speed of float32.
void require_bf16(const Processor& processor);

}  // namespace kairos::host
