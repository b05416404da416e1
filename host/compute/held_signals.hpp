// SPDX-License-Identifier: MIT
// Blocks signal handlers in kernels whose stack pointer is not on a stack.
#pragma once

#include <cstdint>

namespace kairos::host {

/// Blocks asynchronous signals on this thread for its lifetime. oneDNN's sgemm computes with the stack
/// pointer inside a heap block, so the kernel would write a handler's frame over the memory before that
/// block. The code that installs the handler (a profiler, a plugin, the embedding program) cannot know this.
/// Signals raised by a fault of this thread are not blocked.
class HeldSignals {
 public:
  HeldSignals() noexcept;
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  std::uint64_t before_;
};

/// The same for all threads of the team that runs this thread's parallel regions, at most `threads`. Inside a
/// parallel region it affects this thread alone, like the team of one that oneDNN would use.
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
