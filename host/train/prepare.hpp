// SPDX-License-Identifier: MIT
// Everything that is settled before the first batch: which array feeds which port, the split, the weights,
// and what is wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/stream.hpp"
#include "train/batches.hpp"
#include "train/split.hpp"
#include "train/target_classes.hpp"

namespace kairos::host {

enum class Targets { Needed, Ignored };

/// The arrays of `data` in the order of the model's ports: by name, or by position if none has a name.
/// Checks names, shapes, and each target against the loss. Throws Error(Data) naming array, row and
/// shapes.
[[nodiscard]] Columns match_columns(const Model& model, const Dataset& data, Targets targets);

/// Sample weights for each output (one array without a name is for all of them), in the samples of `rows`
/// multiplied by the weight of the class. Empty where nothing is weighted. Throws Error(Data) for a shape
/// that is neither per sample nor per timestep, and for a class without a weight; Error(Usage) for class
/// weights and several outputs, as Keras 3.
[[nodiscard]] std::vector<Array> combined_weights(const Model& model, const Dataset& data,
                                                  const Columns& columns,
                                                  const std::map<std::int64_t, double>& class_weight,
                                                  const RowSet& rows);

/// What a fit runs on. Borrows the data sets of the arguments; owns the weights.
class Prepared {
 public:
  /// Throws Error(Usage) for options outside their range, Error(Data) for data that do not fit.
  Prepared(const Model& model, const Dataset& data, const FitOptions& options);
  /// The same for a stream, of which the first batch is read and checked.
  Prepared(const Model& model, const SampleSource& source, const FitOptions& options);
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  [[nodiscard]] BatchSource& training() { return *training_; }
  /// Null if the run does not validate.
  [[nodiscard]] BatchSource* validation() { return validation_.get(); }
  [[nodiscard]] const DataFacts& facts() const noexcept { return facts_; }

 private:
  /// On the options' data, beside `training`.
  void validate_on(const Model& model, const Dataset& training, const FitOptions& options);
  void count(const TargetClasses& classes, const SplitRows& split);

  DataFacts facts_;
  std::vector<Array> weights_, validation_weights_;
  std::unique_ptr<BatchSource> training_, validation_;
};

/// Throws Error(Usage) for a buffer of no bytes or a negative window.
void check_stream_options(const StreamOptions& options);

/// Throws Error(Usage) for what no data could mend: negative epochs, a batch of no samples, a split outside
/// (0, 1) …
void check_fit_options(const FitOptions& options);

}  // namespace kairos::host
