// SPDX-License-Identifier: MIT
// Runs the same work on several parts in parallel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

#include "base/cpu_quota.hpp"

namespace kairos::host {

/// Calls `work(0)` … `work(parts - 1)`, each on its own thread, the first one on the caller's. When all have
/// ended, throws the exception of the first failing part in this order, so that the error does not depend on
/// timing.
template <class Work>
void each_part_in_parallel(std::size_t parts, const Work& work) {
  std::vector<std::exception_ptr> faults(parts);
  const auto guarded = [&](std::size_t part) noexcept {
    try {
      work(part);
    } catch (...) {
      faults[part] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(parts);
    for (std::size_t part = 1; part < parts; ++part) threads.emplace_back(guarded, part);
    if (parts > 0) guarded(0);
  }
  for (const std::exception_ptr& fault : faults)
    if (fault) std::rethrow_exception(fault);
}

/// Threads for `bytes` of work: as many as the machine has, or fewer so that each has at least a megabyte.
inline std::size_t reading_threads(std::uint64_t bytes) {
  constexpr std::uint64_t worth_a_thread = 1 << 20;
  const std::size_t most = usable_processors();
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(bytes / worth_a_thread, 1, most));
}

}  // namespace kairos::host
