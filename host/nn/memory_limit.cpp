// SPDX-License-Identifier: MIT
// Asks the system for the size of its memory.
#include "nn/memory_limit.hpp"

#include <unistd.h>

namespace kairos::host {

std::int64_t values_of_this_machine() noexcept {
  const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES), page_size = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_size <= 0) return std::int64_t{1} << 31;
  return pages * (page_size / static_cast<std::int64_t>(sizeof(float)));
}

}  // namespace kairos::host
