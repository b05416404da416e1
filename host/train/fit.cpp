// SPDX-License-Identifier: MIT
// Each function of the API has one implementation, over a DataSource.
#include "kairos/host/fit.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/hash64.hpp"
#include "train/asked_checkpoints.hpp"
#include "train/callback_run.hpp"
#include "train/data_facts.hpp"
#include "train/data_source.hpp"
#include "train/denormals.hpp"
#include "train/fit_facts.hpp"
#include "train/fit_loop.hpp"
#include "train/forward_passes.hpp"
#include "train/match_input_columns.hpp"
#include "train/pass.hpp"
#include "train/prepare.hpp"
#include "train/prepared.hpp"

namespace kairos::host {

namespace {

CallbackRun callbacks_of_fit(Model& model, const DataSource& data, Prepared& prepared,
                             const FitOptions& options, ForwardControl& forward, RunControl& control) {
  const Dataset* validation = options.validation_data ? &*options.validation_data : nullptr;
  return {model,    options,      prepared.validation() != nullptr, {&data.layout(), validation}, &forward,
          &control, options.ranks};
}

RunInfo run_info(const FitOptions& options, Prepared& prepared) {
  const BatchSource& training = prepared.training();
  RunInfo info;
  info.epochs = options.epochs;
  info.initial_epoch =
      options.resume_from != nullptr ? options.resume_from->checkpoint.position.epoch : options.initial_epoch;
  info.steps_per_epoch = options.steps_per_epoch > 0 ? options.steps_per_epoch : training.count();
  info.batch_size = options.batch_size;
  info.samples = training.samples();
  info.validation_samples = prepared.validation() ? prepared.validation()->samples() : 0;
  info.seed = options.seed;
  info.resumed = options.resume_from != nullptr || !options.callback_state.empty();
  return info;
}

/// Reports the numbers of samples, and likely mistakes in model and data.
void report_data(const Model& model, const Dataset& data, const DataFacts& facts, const FitOptions& options) {
  if (options.data_ready) options.data_ready(facts);
  if (!options.messages) return;
  for (const std::string& doubt : model.training_doubts()) options.messages(Level::Warning, "", doubt);
  for (const std::string& doubt : data_doubts(model, data, facts, options))
    options.messages(Level::Warning, "", doubt);
}

void train(Model& model, Prepared& prepared, Callbacks& callbacks, const FitOptions& options,
           FitProgress& progress, Continuation continuation) {
  ProgressRecord record(progress, callbacks);
  const auto before_end = [&] {
    if (!options.write_results) return;
    record.update();
    options.write_results();
    record.update_state();
    options.write_results();
  };
  try {
    run_epochs(model, prepared, callbacks, options, progress, std::move(continuation), before_end);
    record.complete();
    if (options.write_results) options.write_results();
  } catch (...) {  // also the end of the thread by pthread_exit
    record.fail();
    throw;
  }
}

/// Nothing if the run neither goes on nor is copied.
FitFacts checked_facts(const Model& model, const DataSource& data, Prepared& prepared,
                       const FitOptions& options, bool may_save_runs) {
  if (options.checkpoints == nullptr && options.resume_from == nullptr && !may_save_runs) return {};
  FitFacts facts = facts_of(model, data, prepared, options);
  if (options.resume_from != nullptr && !options.resume_from->checkpoint.training.empty())
    require_same_facts(options.resume_from->checkpoint.facts, facts, "the run");
  return facts;
}

/// Everything that the ranks must have in common.
void compare_ranks(Model& model, const DataSource& data, Prepared& prepared, const FitOptions& options) {
  if (options.ranks == nullptr) return;
  FitFacts facts = facts_of(model, data, prepared, options);
  std::uint64_t weights = 0;
  for (const TensorRef& one : model.tensors(Role::Weight))
    weights = hash64_of(std::span<const float>(one.data, static_cast<std::size_t>(one.size())), weights);
  facts.emplace_back("the initial weights", fmt::format("the hash {:016x}", weights));
  facts.emplace_back("`epochs`", std::to_string(options.epochs));
  const FitResumption* const earlier = options.resume_from;
  facts.emplace_back(
      "the run checkpoint",
      earlier == nullptr ? "none" : fmt::format("the hash {:016x}", hash64(earlier->checkpoint.training)));
  require_same_on_ranks(*options.ranks, facts);
}

/// The model trains with all ranks while it exists.
class ModelOfRanks {
 public:
  ModelOfRanks(Model& model, Ranks* ranks) : model_(model) { model.use_ranks(ranks); }
  ~ModelOfRanks() { model_.use_ranks(nullptr); }
  ModelOfRanks(const ModelOfRanks&) = delete;
  ModelOfRanks& operator=(const ModelOfRanks&) = delete;

 private:
  Model& model_;
};

/// What the run goes on from: what the caller says, else what a callback has named in setup. Null to begin.
const FitResumption* earlier_run(const AskedCheckpoints& asked, const FitFacts& facts,
                                 const FitOptions& options) {
  const FitResumption* const found = asked.found();
  if (found == nullptr) return options.resume_from;
  const std::string run = "the run in " + asked.found_in().string();
  require_same_facts(found->checkpoint.facts, facts, run);
  require_epochs_left(found->checkpoint.position, options.epochs, run);
  if (options.messages)
    options.messages(Level::Info, "",
                     "going on with " + run + ", after " + found->checkpoint.position.text());
  return found;
}

/// What callbacks know of the run so far, and History.
void restore_callbacks(Callbacks& callbacks, const FitResumption* earlier, const FitOptions& options,
                       FitProgress& progress) {
  if (earlier == nullptr || earlier->checkpoint.training.empty()) {
    if (!options.callback_state.empty()) callbacks.load_state(options.callback_state);
    return;
  }
  const FitCheckpoint& checkpoint = earlier->checkpoint;
  progress.history = earlier->history;
  callbacks.load_state(checkpoint.callbacks);
  callbacks.restore(checkpoint.memory, progress.history.saved_files);
}

History fit_on(Model& model, DataSource& data, const FitOptions& options) {
  const FlushDenormals flush;
  Prepared prepared(model, data, options);
  compare_ranks(model, data, prepared, options);
  const ModelOfRanks together(model, options.ranks);
  AskedCheckpoints asked(options);
  ForwardPasses forward(model, options, prepared, asked);
  CallbackRun run = callbacks_of_fit(model, data, prepared, options, forward, asked);
  FitFacts facts = checked_facts(model, data, prepared, options, run.callbacks().may_save_runs());
  learn_input_columns(model, data.layout());  // only now: a rejected fit leaves the model unchanged
  FitProgress own;
  FitProgress& progress = options.progress == nullptr ? own : *options.progress;
  progress = {};
  run.run(run_info(options, prepared), [&] {
    const FitResumption* const earlier = earlier_run(asked, facts, options);
    restore_callbacks(run.callbacks(), earlier, options, progress);
    report_data(model, data.layout(), prepared.facts(), options);
    if (options.before_training) options.before_training();
    train(model, prepared, run.callbacks(), options, progress, {std::move(facts), earlier, asked});
    if (options.after_training) options.after_training();
    return progress.history.end;
  });
  return progress.history;
}

std::string explain_order_on(Model& model, DataSource& data, const FitOptions& options) {
  Prepared prepared(model, data, options);
  AskedCheckpoints asked(options);
  ForwardPasses forward(model, options, prepared, asked);
  return callbacks_of_fit(model, data, prepared, options, forward, asked).callbacks().explain_order();
}

/// Makes one pass over the data with its callbacks. `work` returns false if it was interrupted.
void run_pass(Model& model, DataSource& data, const PassOptions& options, RunMode mode,
              const std::function<bool(const Pass&)>& work) {
  const FlushDenormals flush;
  check_pass_options(options);
  const Targets targets = mode == RunMode::Evaluate ? Targets::Needed : Targets::Ignored;
  data.check(options.batch_size, targets);
  const std::unique_ptr<BatchSource> batches =
      data.batches({{0, data.layout().size(), {}}, options.batch_size, targets, {}, 0});
  const std::int64_t steps = batches->count(options.steps);
  ForwardPasses forward(model, options);
  CallbackRun run(model, options, false, {&data.layout()}, &forward);
  Interruption interruption(options.interrupted, run.callbacks());
  RunInfo info;
  info.steps_per_epoch = steps;
  info.batch_size = options.batch_size;
  info.samples = batches->samples();
  info.mode = mode;
  run.run(info, [&] {
    if (options.before_pass) options.before_pass();
    const bool ended = work({model, *batches, steps, run.callbacks(), interruption});
    return ended ? RunEnd::Completed : RunEnd::Interrupted;
  });
}

std::vector<std::pair<std::string, double>> evaluate_on(Model& model, DataSource& data,
                                                        const PassOptions& options) {
  std::vector<std::pair<std::string, double>> results;
  run_pass(model, data, options, RunMode::Evaluate, [&](const Pass& pass) {
    KeptLogs logs(model);
    if (!test(pass, logs)) return false;
    for (std::size_t i = 0; i < logs.values().size(); ++i)
      results.emplace_back(model.log_keys()[i].name, logs.values()[i]);
    return true;
  });
  return results;
}

std::vector<NamedArray> predict_on(Model& model, DataSource& data, const PassOptions& options) {
  std::vector<NamedArray> results;
  run_pass(model, data, options, RunMode::Predict, [&](const Pass& pass) {
    const bool ended = predict(pass, results);
    if (!ended) results.clear();
    return ended;
  });
  return results;
}

}  // namespace

History fit(Model& model, const Dataset& data, const FitOptions& options) {
  MemoryData source(model, data);
  return fit_on(model, source, options);
}

History fit(Model& model, const SampleSource& stream, const FitOptions& options) {
  StreamedData source(model, stream, options.stream);
  return fit_on(model, source, options);
}

std::string explain_order(Model& model, const Dataset& data, const FitOptions& options) {
  MemoryData source(model, data);
  return explain_order_on(model, source, options);
}

std::string explain_order(Model& model, const SampleSource& stream, const FitOptions& options) {
  StreamedData source(model, stream, options.stream);
  return explain_order_on(model, source, options);
}

std::vector<std::pair<std::string, double>> evaluate(Model& model, const Dataset& data,
                                                     const PassOptions& options) {
  MemoryData source(model, data);
  return evaluate_on(model, source, options);
}

std::vector<std::pair<std::string, double>> evaluate(Model& model, const SampleSource& stream,
                                                     const PassOptions& options) {
  StreamedData source(model, stream, options.stream);
  return evaluate_on(model, source, options);
}

std::vector<NamedArray> predict(Model& model, const Dataset& data, const PassOptions& options) {
  MemoryData source(model, data);
  return predict_on(model, source, options);
}

std::vector<NamedArray> predict(Model& model, const SampleSource& stream, const PassOptions& options) {
  StreamedData source(model, stream, options.stream);
  return predict_on(model, source, options);
}

}  // namespace kairos::host
