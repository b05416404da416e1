// SPDX-License-Identifier: MIT
// How many threads a primitive may use.
#pragma once

#include <omp.h>

#include <cstdint>

namespace kairos::host {

/// Below this many multiply-adds one thread computes the product. A team of threads would gain little on an
/// idle machine and lose much on a busy one, where every product waits for the program that has the other
/// core.
inline constexpr std::int64_t one_thread_limit = std::int64_t{2} << 20;

[[nodiscard]] inline int threads_for(std::int64_t multiply_adds) {
  return multiply_adds < one_thread_limit ? 1 : omp_get_max_threads();
}

/// Sets the size of OpenMP teams for the calling thread while it exists. oneDNN uses the value of the thread
/// that creates and runs a primitive.
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
