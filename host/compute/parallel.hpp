// SPDX-License-Identifier: MIT
// Parallel loops on the threads that oneDNN also uses.
#pragma once

#include <cstdint>
#include <type_traits>

namespace kairos::host {

namespace detail {
using Part = void (*)(void* state, std::int64_t begin, std::int64_t end, std::int64_t thread);
void run_in_parallel(std::int64_t n, std::int64_t least, std::int64_t step, Part part, void* state);
void run_on_team(int threads, void (*work)(void*), void* state);
}  // namespace detail

/// Values per thread, or per part of a sum, of a single pass over memory: fewer do not pay for a thread.
constexpr std::int64_t least_values = 16384;

/// Calls `work(begin, end)` for parts of [0, n), each of at least `least` elements; with fewer than two such
/// parts, on the calling thread alone. Parts begin at multiples of a cache line of floats. Workers treat
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

/// The number of threads that a parallel loop may use now.
[[nodiscard]] std::int64_t parallel_threads();
/// Sets this number for loops of the calling thread.
void set_parallel_threads(std::int64_t threads);

/// As in_parallel, for elements that are large themselves, such as images: parts begin anywhere, and
/// `work(begin, end, thread)` gets the index of its thread, which is below parallel_threads().
template <typename Work>
void each_in_parallel(std::int64_t n, Work&& work) {
  detail::run_in_parallel(
      n, 1, 1,
      [](void* state, std::int64_t begin, std::int64_t end, std::int64_t thread) {
        (*static_cast<std::remove_reference_t<Work>*>(state))(begin, end, thread);
      },
      &work);
}

/// As in_parallel, for rows of `width` values: `work(begin, end)` gets whole rows, of at least `least`
/// values.
template <typename Work>
void rows_in_parallel(std::int64_t rows, std::int64_t width, std::int64_t least, Work&& work) {
  detail::run_in_parallel(
      rows, 1 + (least - 1) / (width > 0 ? width : 1), 1,
      [](void* state, std::int64_t begin, std::int64_t end, std::int64_t) {
        (*static_cast<std::remove_reference_t<Work>*>(state))(begin, end);
      },
      &work);
}

/// Calls `work()` once on each of `threads` threads, one of which is the calling thread. `work` must not
/// throw.
template <typename Work>
void on_each_thread(int threads, Work&& work) {
  detail::run_on_team(
      threads, [](void* state) { (*static_cast<std::remove_reference_t<Work>*>(state))(); }, &work);
}

}  // namespace kairos::host
