// SPDX-License-Identifier: MIT
// Spreads a loop over the threads that oneDNN uses too.
#pragma once

#include <cstdint>
#include <type_traits>

namespace kairos::host {

namespace detail {
using Part = void (*)(void* state, std::int64_t begin, std::int64_t end, std::int64_t thread);
void run_in_parallel(std::int64_t n, std::int64_t least, std::int64_t step, Part part, void* state);
void run_on_team(int threads, void (*work)(void*), void* state);
}  // namespace detail

/// Calls `work(begin, end)` for parts that make up [0, n), none smaller than `least`; with fewer than two
/// such parts on the calling thread alone. Parts begin at multiples of a cache line of floats. Workers treat
/// denormals as the caller does. `work` must not throw.
template <typename Work>
void in_parallel(std::int64_t n, std::int64_t least, Work&& work) {
  constexpr std::int64_t line = 16;
  detail::run_in_parallel(
      n, least, line,
      [](void* state, std::int64_t begin, std::int64_t end, std::int64_t) {
        (*static_cast<std::remove_reference_t<Work>*>(state))(begin, end);
      },
      &work);
}

/// How many threads a loop in parallel may use now.
[[nodiscard]] std::int64_t parallel_threads();
/// The same from now on, for the calling thread.
void set_parallel_threads(std::int64_t threads);

/// The same for things that are large by themselves, as pictures are: parts begin anywhere, and
/// `work(begin, end, thread)` is told which thread below parallel_threads() it runs on.
template <typename Work>
void each_in_parallel(std::int64_t n, Work&& work) {
  detail::run_in_parallel(
      n, 1, 1,
      [](void* state, std::int64_t begin, std::int64_t end, std::int64_t thread) {
        (*static_cast<std::remove_reference_t<Work>*>(state))(begin, end, thread);
      },
      &work);
}

/// Calls `work()` once on each of `threads` threads, the calling one among them. `work` must not throw.
template <typename Work>
void on_each_thread(int threads, Work&& work) {
  detail::run_on_team(
      threads, [](void* state) { (*static_cast<std::remove_reference_t<Work>*>(state))(); }, &work);
}

}  // namespace kairos::host
