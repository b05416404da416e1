// SPDX-License-Identifier: MIT
// Divides the data of a fit into training and validation samples.
#pragma once

#include <memory>

#include "kairos/host/dataset.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/batches.hpp"
#include "train/data_source.hpp"
#include "train/rank_batches.hpp"
#include "train/split.hpp"
#include "train/target_classes.hpp"

namespace kairos::host {

/// The training and validation batches of a fit. Borrows model, data and options.
class Prepared {
 public:
  /// Throws Error(Usage) for options outside their range, Error(Data) for data that do not fit.
  Prepared(const Model& model, DataSource& data, const FitOptions& options);
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  [[nodiscard]] BatchSource& training() { return *training_; }
  /// Null if the run does not validate.
  [[nodiscard]] BatchSource* validation() { return validation_.get(); }
  /// The same where each rank has its part of every batch; else null.
  [[nodiscard]] RankBatches* divided_validation() { return divided_validation_; }
  [[nodiscard]] const DataFacts& facts() const noexcept { return facts_; }

 private:
  /// Validates on FitOptions::validation_data.
  void validate_on(const Model& model, const Dataset& training, const FitOptions& options);
  void count(const TargetClasses& classes, const SplitRows& split);
  void divide(const Model& model, const Ranks& ranks, const FitOptions& options);

  DataFacts facts_;
  std::unique_ptr<BatchSource> training_, validation_;
  RankBatches* divided_validation_ = nullptr;
};

}  // namespace kairos::host
