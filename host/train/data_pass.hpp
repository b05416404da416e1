// SPDX-License-Identifier: MIT
// One pass over a whole data set, for evaluate and predict.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/fit.hpp"
#include "train/batches.hpp"
#include "train/prepare.hpp"

namespace kairos::host {

/// Batches, with the weights that they need. Borrows model and data.
struct DataPass {
  /// Throws Error(Usage) for options outside their range, Error(Data) for data that do not fit.
  DataPass(const Model& model, const Dataset& data, const PassOptions& options, Targets targets);
  DataPass(const Model& model, const SampleSource& source, const PassOptions& options, Targets targets);

  [[nodiscard]] RunInfo info(std::int64_t batch_size) const {
    return {0, 0, steps, batch_size, batches->samples(), 0, 0};
  }
  std::vector<Array> weights;
  std::unique_ptr<BatchSource> batches;
  std::int64_t steps = 0;  ///< batches that are due
};

}  // namespace kairos::host
