// SPDX-License-Identifier: MIT
// Transparent huge pages, which most kernels provide on request.
#include "base/large_pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace kairos::host {

void prefer_large_pages(void* memory, std::size_t bytes) noexcept {
  constexpr std::size_t worth_a_call = std::size_t{2} << 20;
  if (bytes < worth_a_call) return;
  constexpr std::uintptr_t page = 4096;
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / page * page;
  static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
}

void reserve_large(std::vector<float>& values, std::size_t count) {
  if (count <= values.capacity()) return;
  values.reserve(count);
  prefer_large_pages(values.data() + values.size(), (count - values.size()) * sizeof(float));
}

void resize_large(std::vector<float>& values, std::size_t count) {
  reserve_large(values, count);
  values.resize(count);
}

}  // namespace kairos::host
