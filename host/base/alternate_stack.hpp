// SPDX-License-Identifier: MIT
// A stack for crash handlers where the thread's own stack cannot be used.
#pragma once

#include <cstddef>

namespace kairos::host {

/// For its lifetime, the thread that created it has a stack for handlers that ask for one (SA_ONSTACK): the
/// thread's own stack may have overflowed, and in some of oneDNN's kernels the stack pointer points into the
/// heap. A thread that already has such a stack keeps it. No handler is installed here.
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
