// SPDX-License-Identifier: MIT
// Large blocks of memory without a page fault for every 4 KiB.
#pragma once

#include <cstddef>
#include <vector>

namespace kairos::host {

/// Asks the kernel for large pages in memory that has not been written yet. The faults of small pages cost a
/// large part of the time of reading the values into them, several times that on a virtual machine. This is a
/// hint: without large pages, or for less memory than one of them, nothing changes.
void prefer_large_pages(void* memory, std::size_t bytes) noexcept;

/// Reserves capacity for `count` values; new memory uses large pages.
void reserve_large(std::vector<float>& values, std::size_t count);

/// Resizes to `count` values, new ones 0, in the same kind of memory.
void resize_large(std::vector<float>& values, std::size_t count);

}  // namespace kairos::host
