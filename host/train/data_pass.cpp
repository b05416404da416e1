// SPDX-License-Identifier: MIT
// In memory, or as a stream in the order of the file.
#include "train/data_pass.hpp"

#include <algorithm>
#include <string>

#include "kairos/host/error.hpp"
#include "train/match_input_columns.hpp"
#include "train/streamed_batches.hpp"

namespace kairos::host {

namespace {

void check(const PassOptions& options) {
  if (options.batch_size < 1)
    throw Error(ErrorKind::Usage, {"KAIROS-U010", "--batch-size", "the value is outside its range",
                                   std::to_string(options.batch_size), "1 or more", "Keras' default is 32"});
  if (options.steps < 0)
    throw Error(ErrorKind::Usage, {"KAIROS-U010", "--steps", "the value is outside its range",
                                   std::to_string(options.steps), "0 or more", "Leave it out to take all"});
}

std::int64_t steps_of(const BatchSource& batches, const PassOptions& options) {
  return options.steps > 0 ? std::min(options.steps, batches.count()) : batches.count();
}

}  // namespace

DataPass::DataPass(const Model& model, const Dataset& data, const PassOptions& options, Targets targets) {
  check(options);
  data.check();
  require_known_columns(model, data);
  Columns columns = match_columns(model, data, targets);
  if (targets == Targets::Needed) weights = combined_weights(model, data, columns, {}, {});
  for (const Array& one : weights) columns.weights.push_back(&one);
  batches = std::make_unique<Batches>(columns, RowSet{0, data.size(), {}}, options.batch_size);
  steps = steps_of(*batches, options);
}

DataPass::DataPass(const Model& model, const SampleSource& source, const PassOptions& options,
                   Targets targets) {
  check(options);
  check_stream_options(options.stream);
  require_known_columns(model, source.layout());
  check_first_batch(model, source, options.batch_size, targets);
  batches = std::make_unique<StreamedBatches>(
      model, source, StreamedRange{{0, source.layout().size(), {}}, options.batch_size, targets, {}, 0},
      options.stream);
  steps = steps_of(*batches, options);
}

}  // namespace kairos::host
