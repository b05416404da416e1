// SPDX-License-Identifier: MIT
// An array whose dimensions a product needs in another order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/buffer.hpp"
#include "compute/permutation.hpp"
#include "nn/parameter.hpp"

namespace kairos::host {

/// If the order is the array's own, nothing is copied.
class Arrangement {
 public:
  /// `shape` includes the batch, if there is one, as its first dimension.
  void place(Shape shape, std::vector<std::size_t> order, bool has_batch);
  void reserve(std::int64_t batch);

  [[nodiscard]] bool in_order() const noexcept { return in_order_; }
  /// The array in the new order: itself, or a copy that stays until the next call.
  const float* arranged(std::int64_t batch, const float* array);
  /// Where to write an array in the new order, of which `put_back` then makes `array`.
  [[nodiscard]] float* target(float* array) noexcept { return in_order_ ? array : result_.data(); }
  void put_back(std::int64_t batch, float* array);

 private:
  Shape shape_, arranged_shape_;
  std::vector<std::size_t> order_, inverse_;
  bool has_batch_ = false;
  bool in_order_ = true;
  FloatBuffer copy_, result_;
};

}  // namespace kairos::host
