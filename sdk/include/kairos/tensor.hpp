// SPDX-License-Identifier: MIT
// A borrowed view of weights, gradients, optimizer slots or the batch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kairos/abi/tensors.h"
#include "kairos/error.hpp"

namespace kairos {
inline namespace v1 {

/// What a tensor is. Where each role is available: sdk/doc/cpp.md.
enum class Role : std::int32_t {
  Weight = KAIROS_ROLE_WEIGHT,               ///< all weights, in the order of Keras' get_weights()
  Gradient = KAIROS_ROLE_GRADIENT,           ///< gradients of the loss, only in on_backward_end
  Buffer = KAIROS_ROLE_BUFFER,               ///< the non-trainable weights
  Input = KAIROS_ROLE_INPUT,                 ///< inputs of the current batch, [samples, …]
  Target = KAIROS_ROLE_TARGET,               ///< targets of the current batch, [samples, …]
  Output = KAIROS_ROLE_OUTPUT,               ///< outputs of the current batch, [samples, …]
  Slot = KAIROS_ROLE_SLOT,                   ///< optimizer state, with "iteration" and "learning_rate"
  SampleWeight = KAIROS_ROLE_SAMPLE_WEIGHT,  ///< sample weights of the current batch, one per target
  SampleLoss = KAIROS_ROLE_SAMPLE_LOSS       ///< loss of each sample of the current batch, one per target
};
/// How a tensor is borrowed. Write needs a capability; see Event::tensor.
enum class Access : std::int32_t { Read = KAIROS_ACCESS_READ, Write = KAIROS_ACCESS_WRITE };

namespace detail {

/// Whether the values are one float32 after the other in CPU memory, in row-major order.
inline bool is_plain(const kairos_view& view) {
  const bool float32 = view.dtype.code == 2 && view.dtype.bits == 32 && view.dtype.lanes == 1;
  if (!float32 || view.device.type != 1) return false;
  if (view.strides == nullptr) return true;
  std::int64_t step = 1;
  for (std::int32_t axis = view.rank - 1; axis >= 0; --axis) {
    if (view.shape[axis] != 1 && view.strides[axis] != step) return false;
    step *= view.shape[axis];
  }
  return true;
}

}  // namespace detail

/// A view of a tensor, borrowed until the hook returns. All roles of ABI 1.0 are compact row-major float32 in
/// CPU memory; the values of other tensors can only be reached through view().
class Tensor {
 public:
  explicit Tensor(const kairos_tensor& raw) : raw_(raw), plain_(detail::is_plain(raw.view)) {}

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

  /// The elements in row-major order: size() values, borrowed until the hook returns. Throws
  /// KAIROS_E_UNSUPPORTED unless they are float32, in CPU memory, row-major and compact.
  [[nodiscard]] const float* begin() const { return data(); }
  [[nodiscard]] const float* end() const { return data() + size(); }
  [[nodiscard]] const float* data() const {
    if (!plain_) refuse();
    return reinterpret_cast<const float*>(static_cast<const char*>(raw_.view.data) + raw_.view.byte_offset);
  }
  /// The elements for writing. Throws as data(), and KAIROS_E_DENIED unless the tensor was borrowed with
  /// Access::Write.
  [[nodiscard]] float* mutable_data() const {
    if (raw_.access != KAIROS_ACCESS_WRITE)
      throw Error(KAIROS_E_DENIED, "the tensor was borrowed with Access::Read; expected Access::Write");
    return const_cast<float*>(data());
  }
  /// The view with the layout of DLPack's DLTensor.
  [[nodiscard]] const kairos_view& view() const { return raw_.view; }

 private:
  [[noreturn]] void refuse() const {
    const kairos_view& view = raw_.view;
    throw Error(KAIROS_E_UNSUPPORTED,
                "the tensor \"" + std::string(name()) + "\" has dtype code " +
                    std::to_string(view.dtype.code) + ", " + std::to_string(view.dtype.bits) + " bits, " +
                    std::to_string(view.dtype.lanes) + " lanes, on device type " +
                    std::to_string(view.device.type) + (view.strides == nullptr ? "" : ", with strides") +
                    "; expected float32 (2, 32, 1) on the CPU (1), row-major and compact. Use view()");
  }

  kairos_tensor raw_;
  bool plain_;
};

}  // namespace v1
}  // namespace kairos
