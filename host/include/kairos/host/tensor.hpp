// SPDX-License-Identifier: MIT
// Borrowed views of a model's tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kairos::host {

/// The role of a tensor in training. The numbers are those of the ABI (kairos/abi/tensors.h).
enum class Role : std::int32_t {
  Weight = 1,        ///< a trained parameter
  Gradient = 2,      ///< of the loss; valid from `gradients_ready` to the end of the batch
  Buffer = 3,        ///< untrained state, such as running means
  Input = 4,         ///< of the current batch
  Target = 5,        ///< of the current batch
  Output = 6,        ///< of the current batch
  Slot = 7,          ///< optimizer state
  SampleWeight = 8,  ///< of the current batch, one per target; ones if there are none
  SampleLoss = 9,    ///< of the current batch, one per target: before weights and penalties
};

/// A named tensor owned by the model: row-major float32 in host memory. Name, shape and data are borrowed
/// until the next batch begins, unless the owner documents a longer lifetime.
struct TensorRef {
  std::string name;  ///< "dense_1/kernel"
  std::vector<std::int64_t> shape;
  float* data = nullptr;
  bool trainable = true;

  [[nodiscard]] std::int64_t size() const noexcept;
};

/// "(32, 64)"; "()" for a scalar.
[[nodiscard]] std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace kairos::host
