// SPDX-License-Identifier: MIT
// Memory of many megabytes without a page fault for each 4 kilobytes of it.
#pragma once

#include <cstddef>
#include <vector>

namespace kairos::host {

/// Asks the kernel for large pages where nothing has been written yet. The faults of small ones cost as much
/// as a good part of reading the values that go there, and on a virtual machine several times that. Advice:
/// where the kernel has none to take, or the memory is smaller than such a page, nothing changes.
void prefer_large_pages(void* memory, std::size_t bytes) noexcept;

/// Room for `count` values in all, in large pages as far as it is new.
void reserve_large(std::vector<float>& values, std::size_t count);

/// `count` values, new ones 0, in room of that kind.
void resize_large(std::vector<float>& values, std::size_t count);

}  // namespace kairos::host
