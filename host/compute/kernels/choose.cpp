// SPDX-License-Identifier: MIT
// Selects the level that this processor supports.
#include "compute/kernels/gates.hpp"
#include "compute/kernels/kernels.hpp"
#include "compute/kernels/packed.hpp"
#include "compute/kernels/winograd.hpp"

namespace kairos::host {

extern const Kernels kernels_base;
extern const PackedKernels packed_kernels_base;
extern const GateKernels gate_kernels_base;
extern const WinogradKernels winograd_kernels_base;
#ifdef __x86_64__
extern const Kernels kernels_v3;
extern const PackedKernels packed_kernels_v3;
extern const GateKernels gate_kernels_v3;
extern const WinogradKernels winograd_kernels_v3;
extern const Kernels kernels_v4;
extern const PackedKernels packed_kernels_v4;
extern const GateKernels gate_kernels_v4;
extern const WinogradKernels winograd_kernels_v4;

namespace {

template <typename Table>
const Table& chosen(const Table& base, const Table& v3, const Table& v4) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd"))
    return v4;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return v3;
  return base;
}

}  // namespace

const Kernels& kernels() noexcept {
  static const Kernels& table = chosen(kernels_base, kernels_v3, kernels_v4);
  return table;
}

const PackedKernels& packed_kernels() noexcept {
  static const PackedKernels& table = chosen(packed_kernels_base, packed_kernels_v3, packed_kernels_v4);
  return table;
}

const GateKernels& gate_kernels() noexcept {
  static const GateKernels& table = chosen(gate_kernels_base, gate_kernels_v3, gate_kernels_v4);
  return table;
}

const WinogradKernels& winograd_kernels() noexcept {
  static const WinogradKernels& table =
      chosen(winograd_kernels_base, winograd_kernels_v3, winograd_kernels_v4);
  return table;
}
#else
const Kernels& kernels() noexcept {
  return kernels_base;
}

const PackedKernels& packed_kernels() noexcept {
  return packed_kernels_base;
}

const GateKernels& gate_kernels() noexcept {
  return gate_kernels_base;
}

const WinogradKernels& winograd_kernels() noexcept {
  return winograd_kernels_base;
}
#endif

}  // namespace kairos::host
