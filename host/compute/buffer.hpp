// SPDX-License-Identifier: MIT
// Float storage aligned to cache lines, which only grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "base/large_pages.hpp"

namespace kairos::host {

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  AlignedAllocator() noexcept = default;
  template <typename U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

  T* allocate(std::size_t n) {
    void* const memory = ::operator new(n * sizeof(T), alignment);
    prefer_large_pages(memory, n * sizeof(T));
    return static_cast<T*>(memory);
  }
  void deallocate(T* pointer, std::size_t) noexcept { ::operator delete(pointer, alignment); }
  bool operator==(const AlignedAllocator&) const noexcept { return true; }
};

/// Holds at least as many values as were ever reserved. New values are 0, existing ones are kept.
class FloatBuffer {
 public:
  void reserve(std::int64_t count) {
    if (const auto wanted = static_cast<std::size_t>(count); wanted > values_.size() && borrowed_ == nullptr)
      values_.resize(wanted);
  }
  /// Releases its own values and refers to those of `owner`, which must outlive it and must not grow.
  void borrow(FloatBuffer& owner) {
    values_ = {};
    borrowed_ = owner.data();
  }
  [[nodiscard]] float* data() noexcept { return borrowed_ != nullptr ? borrowed_ : values_.data(); }
  [[nodiscard]] const float* data() const noexcept {
    return borrowed_ != nullptr ? borrowed_ : values_.data();
  }

 private:
  float* borrowed_ = nullptr;
  std::vector<float, AlignedAllocator<float>> values_;
};

}  // namespace kairos::host
