// SPDX-License-Identifier: MIT
// Asks oneDNN, because its kernels compute the products.
#include "compute/processor.hpp"

#include <oneapi/dnnl/dnnl.h>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

struct Level {
  unsigned isa;  ///< bits of dnnl_cpu_isa_t
  const char* vectors;
};
constexpr Level levels[]{
    {dnnl_cpu_isa_avx512_core_amx, "AMX"},
    {dnnl_cpu_isa_avx512_core_bf16, "AVX512_BF16"},
    {dnnl_cpu_isa_avx512_core_vnni, "AVX512_VNNI"},
    {dnnl_cpu_isa_avx512_core, "AVX-512"},
    {dnnl_cpu_isa_avx2, "AVX2"},
    {dnnl_cpu_isa_avx, "AVX"},
    {dnnl_cpu_isa_sse41, "SSE4.1"},
};

bool has(unsigned isa, unsigned wanted) {
  return (isa & wanted) == wanted;
}

}  // namespace

Processor this_processor() {
  const auto isa = static_cast<unsigned>(dnnl_get_effective_cpu_isa());
  for (const Level& level : levels)
    if (has(isa, level.isa)) return {level.vectors, has(isa, dnnl_cpu_isa_avx512_core_bf16)};
  return {"none of them", false};
}

void require_bf16(const Processor& processor) {
  if (processor.multiplies_bf16) return;
  throw Error(ErrorKind::Model, {"KAIROS-M035", "precision bf16", "this processor does not multiply bfloat16",
                                 processor.vectors, "AVX512_BF16 or AMX", "Set precision to float32"});
}

}  // namespace kairos::host
