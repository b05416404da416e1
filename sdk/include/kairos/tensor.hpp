// SPDX-License-Identifier: MIT
// A borrowed view of weights, gradients, optimizer slots or the batch.
#pragma once

#include <cstdint>
#include <string_view>

#include "kairos/abi/tensors.h"
#include "kairos/error.hpp"

namespace kairos {
inline namespace v1 {

/// What a tensor is. Where each role is available: sdk/doc/cpp.md.
enum class Role : std::int32_t {
  Weight = KAIROS_ROLE_WEIGHT,      ///< all weights, in the order of Keras' get_weights()
  Gradient = KAIROS_ROLE_GRADIENT,  ///< gradients of the loss, only in on_backward_end
  Buffer = KAIROS_ROLE_BUFFER,      ///< the non-trainable weights
  Input = KAIROS_ROLE_INPUT,        ///< inputs of the current batch, [samples, …]
  Target = KAIROS_ROLE_TARGET,      ///< targets of the current batch, [samples, …]
  Output = KAIROS_ROLE_OUTPUT,      ///< outputs of the current batch, [samples, …]
  Slot = KAIROS_ROLE_SLOT           ///< optimizer state, with "iteration" and "learning_rate"
};
/// How a tensor is borrowed. Write needs a capability; see Event::tensor.
enum class Access : std::int32_t { Read = KAIROS_ACCESS_READ, Write = KAIROS_ACCESS_WRITE };

/// A view of a tensor, borrowed until the hook returns. Compact row-major float32 in CPU memory.
class Tensor {
 public:
  explicit Tensor(const kairos_tensor& raw) : raw_(raw) {}

  /// Name such as "dense_1/kernel"; borrowed until the hook returns.
  [[nodiscard]] std::string_view name() const {
    return {raw_.name.ptr, static_cast<std::size_t>(raw_.name.length)};
  }
  /// Number of axes; 0 for a scalar.
  [[nodiscard]] std::int32_t rank() const { return raw_.view.rank; }
  /// Size of an axis, 0 <= axis < rank().
  [[nodiscard]] std::int64_t shape(std::int32_t axis) const { return raw_.view.shape[axis]; }
  /// Number of elements.
  [[nodiscard]] std::int64_t size() const {
    std::int64_t n = 1;
    for (std::int32_t i = 0; i < rank(); ++i) n *= shape(i);
    return n;
  }
  /// True if the optimizer updates it.
  [[nodiscard]] bool trainable() const { return raw_.trainable != 0; }
  /// A number that changes whenever the values may have changed.
  [[nodiscard]] std::uint64_t generation() const { return raw_.generation; }

  /// The elements in row-major order: size() values, borrowed until the hook returns.
  [[nodiscard]] const float* begin() const { return data(); }
  [[nodiscard]] const float* end() const { return data() + size(); }
  [[nodiscard]] const float* data() const {
    return reinterpret_cast<const float*>(static_cast<const char*>(raw_.view.data) + raw_.view.byte_offset);
  }
  /// The elements for writing. Throws KAIROS_E_DENIED unless the tensor was borrowed with Access::Write.
  [[nodiscard]] float* mutable_data() const {
    if (raw_.access != KAIROS_ACCESS_WRITE)
      throw Error(KAIROS_E_DENIED, "the tensor was borrowed with Access::Read; expected Access::Write");
    return reinterpret_cast<float*>(static_cast<char*>(raw_.view.data) + raw_.view.byte_offset);
  }
  /// The view with the layout of DLPack's DLTensor.
  [[nodiscard]] const kairos_view& view() const { return raw_.view; }

 private:
  kairos_tensor raw_;
};

}  // namespace v1
}  // namespace kairos
