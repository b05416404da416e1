// SPDX-License-Identifier: MIT
// A borrowed view of weights, gradients, optimizer slots or the batch.
#pragma once

#include <cstdint>
#include <string_view>

#include "kairos/abi/tensors.h"
#include "kairos/error.hpp"

namespace kairos {
inline namespace v1 {

enum class Role : std::int32_t {
  Weight = KAIROS_ROLE_WEIGHT,
  Gradient = KAIROS_ROLE_GRADIENT,
  Buffer = KAIROS_ROLE_BUFFER,
  Input = KAIROS_ROLE_INPUT,
  Target = KAIROS_ROLE_TARGET,
  Output = KAIROS_ROLE_OUTPUT,
  Slot = KAIROS_ROLE_SLOT
};
enum class Access : std::int32_t { Read = KAIROS_ACCESS_READ, Write = KAIROS_ACCESS_WRITE };

/// Borrowed until the hook returns; row-major float32 in host memory.
class Tensor {
 public:
  explicit Tensor(const kairos_tensor& raw) : raw_(raw) {}

  [[nodiscard]] std::string_view name() const {
    return {raw_.name.ptr, static_cast<std::size_t>(raw_.name.length)};
  }
  [[nodiscard]] std::int32_t rank() const { return raw_.view.rank; }
  [[nodiscard]] std::int64_t shape(std::int32_t axis) const { return raw_.view.shape[axis]; }
  [[nodiscard]] std::int64_t size() const {
    std::int64_t n = 1;
    for (std::int32_t i = 0; i < rank(); ++i) n *= shape(i);
    return n;
  }
  [[nodiscard]] bool trainable() const { return raw_.trainable != 0; }
  /// Differs whenever the values may have changed since a view with another number.
  [[nodiscard]] std::uint64_t generation() const { return raw_.generation; }

  [[nodiscard]] const float* begin() const { return data(); }
  [[nodiscard]] const float* end() const { return data() + size(); }
  [[nodiscard]] const float* data() const {
    return reinterpret_cast<const float*>(static_cast<const char*>(raw_.view.data) + raw_.view.byte_offset);
  }
  /// For a tensor that was borrowed with Access::Write.
  [[nodiscard]] float* mutable_data() const {
    if (raw_.access != KAIROS_ACCESS_WRITE)
      throw Error(KAIROS_E_DENIED, "this tensor was borrowed for reading");
    return reinterpret_cast<float*>(static_cast<char*>(raw_.view.data) + raw_.view.byte_offset);
  }
  /// The view as DLPack knows it.
  [[nodiscard]] const kairos_view& view() const { return raw_.view; }

 private:
  kairos_tensor raw_;
};

}  // namespace v1
}  // namespace kairos
