// SPDX-License-Identifier: MIT
// Maps the stack, and unmaps it when no handler can run on it any more.
#include "base/alternate_stack.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace kairos::host {

AlternateStack::AlternateStack() noexcept {
  stack_t before{};
  if (::sigaltstack(nullptr, &before) != 0 || (before.ss_flags & SS_DISABLE) == 0) return;
  constexpr long least = 1L << 16;
  // The size of a signal frame depends on the registers of the processor, which the kernel knows.
  bytes_ = static_cast<std::size_t>(std::max(least, ::sysconf(_SC_SIGSTKSZ)));
  void* const memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  const stack_t stack{memory, 0, bytes_};
  if (::sigaltstack(&stack, nullptr) == 0)
    memory_ = memory;
  else
    ::munmap(memory, bytes_);
}

AlternateStack::~AlternateStack() {
  if (memory_ == nullptr) return;
  const stack_t none{nullptr, SS_DISABLE, 0};
  if (::sigaltstack(&none, nullptr) == 0) ::munmap(memory_, bytes_);
}

}  // namespace kairos::host
