// SPDX-License-Identifier: MIT
// Sizes and shapes of arrays as numbers and as text.
#include "kairos/host/array.hpp"

namespace kairos::host {

namespace {
std::int64_t product(const std::vector<std::int64_t>& shape, std::size_t from) {
  std::int64_t n = 1;
  for (std::size_t i = from; i < shape.size(); ++i) n *= shape[i];
  return n;
}
}  // namespace

std::int64_t Array::row_size() const noexcept {
  return product(shape, 1);
}

std::int64_t TensorRef::size() const noexcept {
  return product(shape, 0);
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (const std::int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + ")";
}

}  // namespace kairos::host
