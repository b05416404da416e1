// SPDX-License-Identifier: MIT
// Opens parallel regions with libgomp's function, which every compiler can call. A pragma would bind some
// compilers to a second OpenMP runtime beside oneDNN's.
#include "compute/parallel.hpp"

#include <omp.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <algorithm>

#include "base/alternate_stack.hpp"

extern "C" void GOMP_parallel(void (*region)(void*), void* state, unsigned threads, unsigned flags);

namespace kairos::host {

namespace {

struct Region {
  std::int64_t n;
  std::int64_t step;
  detail::Part part;
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

/// Only for threads of the team: the calling thread is not ours.
void prepare_for_crashes(std::int64_t thread) {
  if (thread != 0) {
    static thread_local const AlternateStack stack;
  }
}

void run_part(void* argument) {
  const Region& region = *static_cast<const Region*>(argument);
  set_denormals(region.denormals);
  const std::int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
  prepare_for_crashes(thread);
  const std::int64_t even = (region.n + threads - 1) / threads;
  const std::int64_t share = (even + region.step - 1) / region.step * region.step;
  const std::int64_t begin = std::min(region.n, thread * share);
  const std::int64_t end = std::min(region.n, begin + share);
  if (begin < end) region.part(region.state, begin, end, thread);
}

}  // namespace

std::int64_t parallel_threads() {
  return omp_get_max_threads();
}

void set_parallel_threads(std::int64_t threads) {
  omp_set_num_threads(static_cast<int>(threads));
}

void detail::run_in_parallel(std::int64_t n, std::int64_t least, std::int64_t step, Part part, void* state) {
  std::int64_t threads = std::min<std::int64_t>(omp_get_max_threads(), n / least);
#if defined(__SANITIZE_THREAD__)
  threads = 1;  // the sanitizer does not see the barriers of libgomp
#endif
  if (threads < 2) return part(state, 0, n, 0);
  Region region{n, step, part, state, denormals()};
  GOMP_parallel(run_part, &region, static_cast<unsigned>(threads), 0);
}

void detail::run_on_team(int threads, void (*work)(void*), void* state) {
  GOMP_parallel(work, state, static_cast<unsigned>(threads), 0);
}

}  // namespace kairos::host
