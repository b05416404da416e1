// SPDX-License-Identifier: MIT
// Sizes of arrays.
#include "kairos/host/array.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/shape.hpp"

namespace kairos::host {

std::int64_t Array::row_size() const noexcept {
  return product(std::span(shape).subspan(std::min<std::size_t>(1, shape.size())));
}

}  // namespace kairos::host
