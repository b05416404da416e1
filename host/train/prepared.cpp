// SPDX-License-Identifier: MIT
// Divides the data into what is trained on and what is held out.
#include <string>
#include <utility>

#include "kairos/host/error.hpp"
#include "train/match_input_columns.hpp"
#include "train/prepare.hpp"
#include "train/streamed_batches.hpp"

namespace kairos::host {

namespace {

std::int64_t validation_batch(const FitOptions& options) {
  return options.validation_batch_size > 0 ? options.validation_batch_size : options.batch_size;
}

Columns with_weights(Columns columns, const std::vector<Array>& weights) {
  for (const Array& one : weights) columns.weights.push_back(&one);
  return columns;
}

bool stratifies(const FitOptions& options) {
  return holds_out(options) && options.split == Split::Stratified;
}

SplitRows split_by(const TargetClasses& classes, const Model& model, const Dataset& data,
                   const FitOptions& options) {
  if (stratifies(options) && !classes.divide())
    throw Error(ErrorKind::Data,
                {"KAIROS-D310", data.origin, "the samples cannot be divided by class (--split stratified)",
                 model.targets().size() > 1 ? std::to_string(model.targets().size()) + " targets"
                                            : "a target that is no class",
                 "one target with one class for each sample", "Use --split shuffled"});
  return split_rows(data.size(), options, classes.numbers());
}

TargetClasses classes_in(const Model& model, const Columns& columns) {
  TargetClasses classes(model, columns.targets.empty() ? 0 : columns.targets.front()->rows());
  if (columns.targets.size() == 1) classes.add(*columns.targets.front());
  return classes;
}

}  // namespace

void Prepared::count(const TargetClasses& classes, const SplitRows& split) {
  facts_.training = split.training.size();
  facts_.validation = split.validation.size();
  if (!classes.are_classes()) return;
  facts_.training_classes = classes.count(split.training);
  facts_.validation_classes = classes.count(split.validation);
}

Prepared::Prepared(const Model& model, const Dataset& data, const FitOptions& options) {
  check_fit_options(options);
  data.check();
  require_known_columns(model, data);
  const Columns columns = match_columns(model, data, Targets::Needed);
  const TargetClasses classes = classes_in(model, columns);
  const SplitRows split = split_by(classes, model, data, options);
  count(classes, split);
  weights_ = combined_weights(model, data, columns, options.class_weight, split.training);
  training_ = std::make_unique<Batches>(with_weights(columns, weights_), split.training, options.batch_size);
  if (options.validation_data) {
    validate_on(model, data, options);
  } else if (split.validation.size() > 0) {
    // Class weights never touch validation: its samples have the weights that the user gave them, if any.
    validation_weights_ = combined_weights(model, data, columns, {}, {});
    validation_ = std::make_unique<Batches>(with_weights(columns, validation_weights_), split.validation,
                                            validation_batch(options));
  }
}

Prepared::Prepared(const Model& model, const SampleSource& source, const FitOptions& options) {
  check_fit_options(options);
  check_stream_options(options.stream);
  require_known_columns(model, source.layout());
  check_first_batch(model, source, options.batch_size, Targets::Needed);
  const TargetClasses classes =
      classes_of(model, source, stratifies(options) ? ReadTargets::All : ReadTargets::Quickly);
  const SplitRows split = split_by(classes, model, source.layout(), options);
  count(classes, split);
  // Other orders keep no window, which needs no memory then.
  const std::int64_t window = options.shuffle == Shuffle::Samples ? options.stream.shuffle_window : 0;
  training_ = std::make_unique<StreamedBatches>(
      model, source,
      StreamedRange{split.training, options.batch_size, Targets::Needed, options.class_weight, window},
      options.stream);
  if (options.validation_data)
    validate_on(model, source.layout(), options);
  else if (split.validation.size() > 0)
    validation_ = std::make_unique<StreamedBatches>(
        model, source, StreamedRange{split.validation, validation_batch(options), Targets::Needed, {}, 0},
        options.stream);
}

void Prepared::validate_on(const Model& model, const Dataset& training, const FitOptions& options) {
  const Dataset& data = *options.validation_data;
  data.check();
  require_known_columns(model, data);
  require_same_columns(model, training, data);
  const Columns columns = match_columns(model, data, Targets::Needed);
  const RowSet all{0, data.size(), {}};
  validation_weights_ = combined_weights(model, data, columns, {}, {});
  validation_ =
      std::make_unique<Batches>(with_weights(columns, validation_weights_), all, validation_batch(options));
  facts_.validation = data.size();
  const TargetClasses classes = classes_in(model, columns);
  if (classes.are_classes()) facts_.validation_classes = classes.count(all);
}

}  // namespace kairos::host
