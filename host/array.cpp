// SPDX-License-Identifier: MIT
// Sizes and shapes of arrays as numbers and as text.
#include "kairos/host/array.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace kairos::host {

namespace {
/// As much as the type holds where the product is more: what a hostile header declares beside a 0.
std::int64_t product(std::span<const std::int64_t> sizes) {
  // First, because what stands before a 0 may be as large as it likes.
  if (std::ranges::find(sizes, 0) != sizes.end()) return 0;
  std::int64_t all = 1;
  for (const std::int64_t n : sizes)
    if (__builtin_mul_overflow(all, n, &all)) return std::numeric_limits<std::int64_t>::max();
  return all;
}
}  // namespace

std::int64_t Array::row_size() const noexcept {
  return product(std::span(shape).subspan(std::min<std::size_t>(1, shape.size())));
}

std::int64_t TensorRef::size() const noexcept {
  return product(shape);
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (const std::int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + ")";
}

}  // namespace kairos::host
