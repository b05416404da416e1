// SPDX-License-Identifier: MIT
// Class weights never apply to validation samples; weights that the user gave each sample do.
#include "train/prepared.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "kairos/host/error.hpp"
#include "train/prepare.hpp"

namespace kairos::host {

namespace {

std::int64_t validation_batch(const FitOptions& options) {
  return options.validation_batch_size > 0 ? options.validation_batch_size : options.batch_size;
}

bool stratifies(const FitOptions& options) {
  return holds_out(options) && options.split == Split::Stratified;
}

SplitRows split_by(const TargetClasses& classes, const Model& model, const Dataset& data,
                   const FitOptions& options) {
  if (stratifies(options) && !classes.divide())
    throw Error(ErrorKind::Data,
                {"KAIROS-D310", data.origin, "the samples cannot be divided by class (`split=stratified`)",
                 model.targets().size() > 1 ? std::to_string(model.targets().size()) + " targets"
                                            : "a target that is not a class",
                 "one target with one class per sample", "Use `split=shuffled`"});
  return split_rows(data.size(), options, classes.numbers());
}

using ClassWeights = std::map<std::int64_t, double>;

ClassWeights class_weights(const TargetClasses& classes, const Dataset& data, const RowSet& rows,
                           const FitOptions& options) {
  if (!options.balances_classes) return options.class_weight;
  if (!options.class_weight.empty())
    throw Error(ErrorKind::Usage,
                {"KAIROS-U019", "`class_weight`", "weights are given and to be computed too",
                 std::to_string(options.class_weight.size()) + " weights", "one of the two",
                 "Leave one of the two out"});
  if (!classes.are_classes())
    throw Error(ErrorKind::Usage,
                {"KAIROS-U019", "`class_weight`", "there are no classes to balance",
                 "targets in " + data.origin + " that are not classes", "one class per sample",
                 "Omit it, or weight the samples with `sample_weights`"});
  const std::map<std::int64_t, std::int64_t> counts = classes.count(rows);
  ClassWeights weights;
  for (const auto& [label, count] : counts)
    weights[label] =
        static_cast<double>(rows.size()) / (static_cast<double>(counts.size()) * static_cast<double>(count));
  return weights;
}

/// Other orders use no window, and reserve no memory for it.
std::int64_t window_of(const FitOptions& options) {
  return options.shuffle == Shuffle::Samples ? options.stream.shuffle_window : 0;
}

}  // namespace

void Prepared::count(const TargetClasses& classes, const SplitRows& split) {
  facts_.training = split.training.size();
  facts_.validation = split.validation.size();
  if (!classes.are_classes()) return;
  facts_.training_classes = classes.count(split.training);
  facts_.validation_classes = classes.count(split.validation);
}

Prepared::Prepared(const Model& model, DataSource& data, const FitOptions& options) {
  check_fit_options(options);
  data.check(options.batch_size, Targets::Needed);
  const bool needs_classes = stratifies(options) || options.balances_classes;
  const TargetClasses classes = data.classes(needs_classes ? ReadTargets::All : ReadTargets::Quickly);
  SplitRows split = split_by(classes, model, data.layout(), options);
  count(classes, split);
  ClassWeights weights = class_weights(classes, data.layout(), split.training, options);
  training_ = data.batches({std::move(split.training), options.batch_size, Targets::Needed,
                            std::move(weights), window_of(options)});
  if (options.validation_data)
    validate_on(model, data.layout(), options);
  else if (split.validation.size() > 0)
    validation_ =
        data.batches({std::move(split.validation), validation_batch(options), Targets::Needed, {}, 0});
  if (options.ranks != nullptr) divide(model, *options.ranks, options);
}

/// A validation of fewer samples than ranks stays whole.
void Prepared::divide(const Model& model, const Ranks& ranks, const FitOptions& options) {
  const std::int64_t samples = std::min(options.batch_size, training_->samples());
  if (samples < ranks.world())
    throw Error(ErrorKind::Usage,
                {"KAIROS-U112", options.batch_size < ranks.world() ? "`batch_size`" : "the training data",
                 "there are fewer samples in a batch than ranks", std::to_string(samples),
                 "at least " + std::to_string(ranks.world()), "Start fewer ranks"});
  training_ = std::make_unique<RankBatches>(model, std::move(training_), ranks);
  if (validation_ == nullptr || validation_->size(0) < ranks.world()) return;
  auto divided = std::make_unique<RankBatches>(model, std::move(validation_), ranks);
  divided_validation_ = divided.get();
  validation_ = std::move(divided);
}

void Prepared::validate_on(const Model& model, const Dataset& training, const FitOptions& options) {
  MemoryData data(model, *options.validation_data, &training);
  data.check(validation_batch(options), Targets::Needed);
  const RowSet all{0, data.layout().size(), {}};
  validation_ = data.batches({all, validation_batch(options), Targets::Needed, {}, 0});
  facts_.validation = all.size();
  const TargetClasses classes = data.classes(ReadTargets::All);
  if (classes.are_classes()) facts_.validation_classes = classes.count(all);
}

}  // namespace kairos::host
