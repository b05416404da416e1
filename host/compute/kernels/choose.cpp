// SPDX-License-Identifier: MIT
// Picks the level of the processor that the program runs on.
#include "compute/kernels/kernels.hpp"

namespace kairos::host {

extern const Kernels kernels_base;
#ifdef __x86_64__
extern const Kernels kernels_v3;
extern const Kernels kernels_v4;
#endif

const Kernels& kernels() noexcept {
#ifdef __x86_64__
  static const Kernels* const chosen = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512cd"))
      return &kernels_v4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
      return &kernels_v3;
    return &kernels_base;
  }();
  return *chosen;
#else
  return kernels_base;
#endif
}

}  // namespace kairos::host
