// SPDX-License-Identifier: MIT
// Spreads a loop over the threads that oneDNN uses too.
#pragma once

#include <cstdint>
#include <type_traits>

namespace kairos::host {

namespace detail {
void run_in_parallel(std::int64_t n, std::int64_t least, void (*part)(void*, std::int64_t, std::int64_t),
                     void* state);
}  // namespace detail

/// Calls `work(begin, end)` for parts that make up [0, n), none smaller than `least`; with fewer than two
/// such parts on the calling thread alone. Parts begin at multiples of a cache line of floats. Workers treat
/// denormals as the caller does. `work` must not throw.
template <typename Work>
void in_parallel(std::int64_t n, std::int64_t least, Work&& work) {
  detail::run_in_parallel(
      n, least,
      [](void* state, std::int64_t begin, std::int64_t end) {
        (*static_cast<std::remove_reference_t<Work>*>(state))(begin, end);
      },
      &work);
}

}  // namespace kairos::host
