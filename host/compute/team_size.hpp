// SPDX-License-Identifier: MIT
// How many threads a primitive may use.
#pragma once

#include <omp.h>

#include <cstdint>

namespace kairos::host {

/// Below this many multiply-adds one thread does the product. A team of threads would win little when it is
/// alone on the machine, and lose much when it is not: every product then waits for whoever has the other
/// core.
inline constexpr std::int64_t one_thread_limit = std::int64_t{2} << 20;

[[nodiscard]] inline int threads_for(std::int64_t multiply_adds) {
  return multiply_adds < one_thread_limit ? 1 : omp_get_max_threads();
}

/// oneDNN's OpenMP regions take their size from the thread that makes and runs a primitive; others are not
/// concerned.
class TeamSize {
 public:
  explicit TeamSize(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~TeamSize() { omp_set_num_threads(before_); }
  TeamSize(const TeamSize&) = delete;
  TeamSize& operator=(const TeamSize&) = delete;

 private:
  int before_;
};

}  // namespace kairos::host
