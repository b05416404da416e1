// SPDX-License-Identifier: MIT
// Selects the level that this processor supports.
#include "compute/kernels/elementwise.hpp"
#include "compute/kernels/gates.hpp"
#include "compute/kernels/kernels.hpp"
#include "compute/kernels/layers.hpp"
#include "compute/kernels/normalizing.hpp"
#include "compute/kernels/packed.hpp"
#include "compute/kernels/updates.hpp"
#include "compute/kernels/winograd.hpp"

#ifdef __x86_64__
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

/// Defines the function `name`, which returns one of the tables `name`_base, `name`_v3 and `name`_v4.
#define KAIROS_CHOOSE(Table, name)                                         \
  extern const Table name##_base, name##_v3, name##_v4;                    \
  const Table& name() noexcept {                                           \
    static const Table& table = chosen(name##_base, name##_v3, name##_v4); \
    return table;                                                          \
  }
#else
#define KAIROS_CHOOSE(Table, name) \
  extern const Table name##_base;  \
  const Table& name() noexcept {   \
    return name##_base;            \
  }
#endif

namespace kairos::host {

KAIROS_CHOOSE(Kernels, kernels)
KAIROS_CHOOSE(PackedKernels, packed_kernels)
KAIROS_CHOOSE(GateKernels, gate_kernels)
KAIROS_CHOOSE(WinogradKernels, winograd_kernels)
KAIROS_CHOOSE(FunctionTable, function_kernels)
KAIROS_CHOOSE(TermTable, term_kernels)
KAIROS_CHOOSE(UpdateKernels, update_kernels)
KAIROS_CHOOSE(NormalizingKernels, normalizing_kernels)
KAIROS_CHOOSE(LayerKernels, layer_kernels)

}  // namespace kairos::host
