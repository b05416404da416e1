// SPDX-License-Identifier: MIT
// Opens a parallel region of libgomp by its function, which every compiler can call, instead of by a pragma,
// which binds some compilers to a second OpenMP runtime beside oneDNN's.
#include "compute/parallel.hpp"

#include <omp.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <algorithm>

extern "C" void GOMP_parallel(void (*region)(void*), void* state, unsigned threads, unsigned flags);

namespace kairos::host::detail {

namespace {

struct Region {
  std::int64_t n;
  void (*part)(void*, std::int64_t, std::int64_t);
  void* state;
  unsigned denormals;
};

#if defined(__x86_64__)
unsigned denormals() {
  return _mm_getcsr();
}
void set_denormals(unsigned mode) {
  if (_mm_getcsr() != mode) _mm_setcsr(mode);
}
#else
unsigned denormals() {
  return 0;
}
void set_denormals(unsigned) {}
#endif

void run_part(void* argument) {
  const Region& region = *static_cast<const Region*>(argument);
  set_denormals(region.denormals);
  constexpr std::int64_t line = 16;
  const std::int64_t threads = omp_get_num_threads();
  const std::int64_t share = (region.n / threads + line - 1) / line * line;
  const std::int64_t begin = std::min(region.n, omp_get_thread_num() * share);
  const std::int64_t end = omp_get_thread_num() + 1 == threads ? region.n : std::min(region.n, begin + share);
  region.part(region.state, begin, end);
}

}  // namespace

void run_in_parallel(std::int64_t n, std::int64_t least, void (*part)(void*, std::int64_t, std::int64_t),
                     void* state) {
  const std::int64_t threads = std::min<std::int64_t>(omp_get_max_threads(), n / least);
  if (threads < 2) return part(state, 0, n);
  Region region{n, part, state, denormals()};
  GOMP_parallel(run_part, &region, static_cast<unsigned>(threads), 0);
}

}  // namespace kairos::host::detail
