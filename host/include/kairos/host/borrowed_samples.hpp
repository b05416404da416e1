// SPDX-License-Identifier: MIT
// Data that the caller already has in memory, as a source of samples without a copy of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kairos/host/stream.hpp"

namespace kairos::host {

/// Samples in memory that belongs to the caller: float32, the values of a sample one after another.
struct BorrowedArray {
  std::string name;  ///< of the model's port; "" means by position
  std::vector<std::int64_t> shape;
  const float* values = nullptr;
  std::int64_t row_stride =
      0;  ///< values from one sample to the next; 0: a sample's values follow the last's
};

/// A source of samples that are not copied, but for the batches that are read ahead. The memory must not
/// change and must outlive the source. `origin` is what messages call the data. Throws Error(Data) unless all
/// arrays have as many rows.
[[nodiscard]] std::unique_ptr<SampleSource> borrow_samples(std::vector<BorrowedArray> inputs,
                                                           std::vector<BorrowedArray> targets,
                                                           std::vector<BorrowedArray> sample_weights = {},
                                                           std::string origin = "memory");

}  // namespace kairos::host
