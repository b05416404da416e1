// SPDX-License-Identifier: MIT
// Keeps signal handlers out of kernels whose stack pointer is not on a stack.
#pragma once

#include <cstdint>

namespace kairos::host {

/// For its lifetime, asynchronous signals wait: no handler runs on this thread. oneDNN's sgemm computes with
/// the stack pointer inside a block of the heap, so that the kernel would write the frame of a handler over
/// what lies in front of that block. Whoever installs the handler (a profiler, a plugin, the program that
/// uses the library) cannot know. What a fault of this thread raises is not held back.
class HeldSignals {
 public:
  HeldSignals() noexcept;
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  std::uint64_t before_;
};

/// The same for all threads of the team that this thread's parallel regions run on, `threads` at most. Inside
/// a parallel region it is for this thread alone, as the team of one that oneDNN would work with.
class TeamHeldSignals {
 public:
  explicit TeamHeldSignals(int threads) noexcept;
  ~TeamHeldSignals();
  TeamHeldSignals(const TeamHeldSignals&) = delete;
  TeamHeldSignals& operator=(const TeamHeldSignals&) = delete;

 private:
  int threads_;
  std::uint64_t before_ = 0;  ///< of this thread
};

}  // namespace kairos::host
