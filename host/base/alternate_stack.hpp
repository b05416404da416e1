// SPDX-License-Identifier: MIT
// Room for the handlers of crashes where the stack of a thread cannot be used.
#pragma once

#include <cstddef>

namespace kairos::host {

/// For its lifetime, the thread that made it has a stack for handlers that ask for one (SA_ONSTACK): that of
/// the thread may have overflowed, and in some of oneDNN's kernels the stack pointer is in a block of the
/// heap. A thread that has such a stack already keeps it. No handler is installed here.
class AlternateStack {
 public:
  AlternateStack() noexcept;
  ~AlternateStack();
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace kairos::host
