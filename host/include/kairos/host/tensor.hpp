// SPDX-License-Identifier: MIT
// Borrowed views of the tensors of a model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kairos::host {

/// What a tensor is to the training. The numbers are those of the ABI (kairos/abi/tensors.h).
enum class Role : std::int32_t {
  Weight = 1,  ///< a trained parameter
  Gradient =
      2,  ///< of the loss, in the shape of its weight; valid from `gradients ready` to the end of the batch
  Buffer = 3,  ///< state that is not trained (running means)
  Input = 4,   ///< of the current batch
  Target = 5,  ///< of the current batch
  Output = 6,  ///< of the current batch
  Slot = 7,    ///< state of the optimizer
};

/// A named tensor that belongs to someone else; row-major float32 in host memory.
/// Name, shape and data are borrowed until the next batch begins, unless the owner says more.
struct TensorRef {
  std::string name;  ///< "dense_1/kernel"
  std::vector<std::int64_t> shape;
  float* data = nullptr;
  bool trainable = true;

  [[nodiscard]] std::int64_t size() const noexcept;
};

/// "(32, 64)", "()" for a scalar.
[[nodiscard]] std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace kairos::host
