// SPDX-License-Identifier: MIT
// Sizes and shapes of tensors as numbers and as text.
#include "kairos/host/tensor.hpp"

#include "base/shape.hpp"

namespace kairos::host {

std::int64_t TensorRef::size() const noexcept {
  return product(shape);
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (const std::int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + ")";
}

}  // namespace kairos::host
