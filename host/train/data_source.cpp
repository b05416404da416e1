// SPDX-License-Identifier: MIT
// Data in memory are matched to the model's ports once; batches of a stream are matched as they are read.
#include "train/data_source.hpp"

#include <utility>

#include "train/match_input_columns.hpp"
#include "train/prepare.hpp"
#include "train/streamed_batches.hpp"

namespace kairos::host {

void MemoryData::check(std::int64_t, Targets targets) {
  data_.check();
  require_known_columns(model_, data_);
  if (training_ != nullptr) require_same_columns(model_, *training_, data_);
  columns_ = match_columns(model_, data_, targets);
}

TargetClasses MemoryData::classes(ReadTargets) const {
  TargetClasses classes(model_, data_.size());
  if (columns_.targets.size() == 1) classes.add(*columns_.targets.front());
  return classes;
}

std::unique_ptr<BatchSource> MemoryData::batches(BatchPlan plan) const {
  std::vector<Array> weights;
  if (plan.targets == Targets::Needed)
    weights = combined_weights(model_, data_, columns_, plan.class_weight, plan.rows);
  return std::make_unique<Batches>(columns_, std::move(weights), std::move(plan.rows), plan.batch_size);
}

void StreamedData::check(std::int64_t batch_size, Targets targets) {
  check_stream_options(options_);
  require_known_columns(model_, source_.layout());
  check_first_batch(model_, source_, batch_size, targets);
}

TargetClasses StreamedData::classes(ReadTargets how) const {
  return classes_of(model_, source_, how);
}

std::unique_ptr<BatchSource> StreamedData::batches(BatchPlan plan) const {
  return std::make_unique<StreamedBatches>(model_, source_, std::move(plan), options_);
}

}  // namespace kairos::host
