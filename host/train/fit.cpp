// SPDX-License-Identifier: MIT
// The fit loop. What happens when, and what callbacks are told, is written down in sdk/doc/lifecycle.md.
#include "kairos/host/fit.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <initializer_list>
#include <utility>

#include "kairos/host/error.hpp"
#include "train/data_facts.hpp"
#include "train/data_pass.hpp"
#include "train/denormals.hpp"
#include "train/match_input_columns.hpp"
#include "train/prepare.hpp"
#include "train/run_end.hpp"

namespace kairos::host {

namespace {

/// The running means of the model, as callbacks ask for them.
class ModelLogs : public LogSource {
 public:
  explicit ModelLogs(Model& model) : model_(model) {}
  void read_logs(std::span<double> values) override { model_.read_logs(values); }

 private:
  Model& model_;
};

/// Numbers of a pass that has ended; its place is kept from epoch to epoch.
class KeptLogs : public LogSource {
 public:
  explicit KeptLogs(std::size_t count) : values_(count) {}
  void keep(Model& model) { model.read_logs(values_); }
  void read_logs(std::span<double> values) override {
    std::copy_n(values_.begin(), values.size(), values.begin());
  }

 private:
  std::vector<double> values_;
};

class Gradients : public GradientObserver {
 public:
  explicit Gradients(Callbacks& callbacks) : callbacks_(callbacks) {}
  void gradients_ready() override { callbacks_.gradients_ready(); }

 private:
  Callbacks& callbacks_;
};

/// The wish to end a run, and that callbacks are told of it once.
class Interruption {
 public:
  Interruption(const std::atomic<int>* signal, Callbacks& callbacks)
      : signal_(signal), callbacks_(callbacks) {}

  bool wanted() {
    const int signal = signal_ == nullptr ? 0 : signal_->load(std::memory_order_relaxed);
    if (signal != 0 && !std::exchange(told_, true)) callbacks_.interrupt(signal);
    return signal != 0;
  }
  [[nodiscard]] bool told() const { return told_; }

 private:
  const std::atomic<int>* signal_;
  Callbacks& callbacks_;
  bool told_ = false;
};

/// One fit: the loop and what it keeps between batches.
class FitLoop {
 public:
  FitLoop(Model& model, Prepared& prepared, Callbacks& callbacks, const FitOptions& options,
          FitProgress& progress)
      : model_(model),
        training_(prepared.training()),
        validation_(prepared.validation()),
        callbacks_(callbacks),
        options_(options),
        progress_(progress),
        interruption_(options.interrupted, callbacks),
        gradients_(callbacks),
        logs_(model),
        trained_(model.log_keys().size()),
        validated_(model.log_keys().size()) {}

  void run() {
    if (options_.steps_per_epoch > 0 && options_.initial_epoch > 0) go_on_after(options_.initial_epoch);
    callbacks_.train_begin();
    for (std::int64_t epoch = options_.initial_epoch; epoch < options_.epochs && !ending(); ++epoch) {
      model_.reset_logs();
      const std::int64_t due = begin_pass(epoch);
      callbacks_.epoch_begin(epoch, due);
      const std::int64_t trained = train(due);
      if (trained == 0 || interrupted()) break;
      trained_.keep(model_);
      const bool validates = validation_ != nullptr && validation_due(epoch);
      if (validates && !validate()) break;
      callbacks_.epoch_end(trained_, validates ? &validated_ : nullptr, trained < due);
      progress_.history.append(epoch, callbacks_.keys(), callbacks_.epoch_values());
    }
    if (!interrupted()) model_.finish_training();
    progress_.history.end = interrupted()       ? RunEnd::Interrupted
                            : callbacks_.stop() ? RunEnd::Stopped
                                                : RunEnd::Completed;
    callbacks_.train_end(progress_.history.end);
  }

 private:
  /// Trains up to `due` batches; fewer if the run is to end. Returns how many.
  std::int64_t train(std::int64_t due) {
    GradientObserver* observer = callbacks_.wants_gradients() ? &gradients_ : nullptr;
    std::int64_t step = 0;
    for (; step < due && !ending(); ++step, ++next_batch_) {
      callbacks_.train_batch_begin(step, training_.size(next_batch_));
      model_.train_batch(training_.at(next_batch_), observer);
      ++progress_.batches;
      callbacks_.train_batch_end(logs_);
    }
    return step;
  }

  /// False if it was interrupted: the epoch has no end then.
  bool validate() {
    const std::int64_t all = validation_->count();
    const std::int64_t steps = options_.validation_steps > 0 ? std::min(options_.validation_steps, all) : all;
    model_.reset_logs();
    callbacks_.test_begin(steps);
    for (std::int64_t step = 0; step < steps; ++step) {
      callbacks_.test_batch_begin(step, validation_->size(step));
      model_.test_batch(validation_->at(step));
      callbacks_.test_batch_end(logs_);
      if (step + 1 < steps && interrupted()) return false;
    }
    validated_.keep(model_);
    callbacks_.test_end(validated_);
    return true;
  }

  /// Batches of this epoch. With steps_per_epoch a pass over the data is spread over epochs, and begins anew
  /// where it ended.
  std::int64_t begin_pass(std::int64_t epoch) {
    const std::int64_t count = training_.count();
    if (options_.steps_per_epoch == 0) {
      next_batch_ = 0;
      training_.reorder(options_.shuffle, options_.seed, epoch);
      return count;
    }
    if (next_batch_ >= count) {
      next_batch_ = 0;
      training_.reorder(options_.shuffle, options_.seed, ++pass_);
    } else if (pass_ < 0) {
      training_.reorder(options_.shuffle, options_.seed, pass_ = 0);
    }
    const std::int64_t left = count - next_batch_;
    if (left < options_.steps_per_epoch) warn_short_epoch(epoch, left);
    return std::min(options_.steps_per_epoch, left);
  }

  /// Where the data stand after that many epochs of `steps_per_epoch`, so that a run that is taken up again
  /// sees what the uninterrupted one would have.
  void go_on_after(std::int64_t epochs) {
    const std::int64_t per_pass =
        (training_.count() + options_.steps_per_epoch - 1) / options_.steps_per_epoch;
    const std::int64_t into_pass = epochs % per_pass;
    pass_ = into_pass > 0 ? epochs / per_pass : epochs / per_pass - 1;
    next_batch_ = into_pass > 0 ? into_pass * options_.steps_per_epoch : training_.count();
    if (into_pass > 0) training_.reorder(options_.shuffle, options_.seed, pass_);
  }

  void warn_short_epoch(std::int64_t epoch, std::int64_t left) {
    if (!options_.messages || std::exchange(warned_, true)) return;
    options_.messages(Level::Warning, "",
                      "epoch " + std::to_string(epoch + 1) + " has " + std::to_string(left) + " of " +
                          std::to_string(options_.steps_per_epoch) +
                          " steps: the data are exhausted and begin anew after it");
  }

  [[nodiscard]] bool validation_due(std::int64_t epoch) const {
    if (!options_.validation_epochs.empty()) return options_.validation_epochs.contains(epoch + 1);
    return (epoch + 1) % options_.validation_freq == 0;
  }

  bool interrupted() { return interruption_.wanted(); }
  bool ending() { return callbacks_.stop().has_value() || interrupted(); }

  Model& model_;
  BatchSource& training_;
  BatchSource* validation_;
  Callbacks& callbacks_;
  const FitOptions& options_;
  FitProgress& progress_;
  Interruption interruption_;
  Gradients gradients_;
  ModelLogs logs_;
  KeptLogs trained_, validated_;
  std::int64_t next_batch_ = 0;
  std::int64_t pass_ = -1;  ///< of the data; counted only with steps_per_epoch
  bool warned_ = false;
};

const Dataset& layout_of(const Dataset& data) {
  return data;
}
const Dataset& layout_of(const SampleSource& source) {
  return source.layout();
}

/// `options` are those of a fit or of a pass.
template <class Options>
CallbacksOptions callbacks_options(const Model& model, bool validates, const Options& options,
                                   std::initializer_list<const Dataset*> data) {
  const auto keys = model.log_keys();
  CallbacksOptions all{{keys.begin(), keys.end()}, validates,     options.run_directory,
                       options.messages,           options.files, options.owns_process};
  for (const Dataset* one : data)
    if (one != nullptr)
      for (const std::filesystem::path& file : one->sources) all.files.read.push_back({file, "the data"});
  return all;
}

const Dataset* validation_of(const FitOptions& options) {
  return options.validation_data ? &*options.validation_data : nullptr;
}

const Catalog& catalog_or(const Catalog* given, const Catalog& empty) {
  return given == nullptr ? empty : *given;
}

RunInfo run_info(const FitOptions& options, Prepared& prepared) {
  const BatchSource& training = prepared.training();
  const std::int64_t steps = options.steps_per_epoch > 0 ? options.steps_per_epoch : training.count();
  return {
      options.epochs,     options.initial_epoch, steps,
      options.batch_size, training.samples(),    prepared.validation() ? prepared.validation()->samples() : 0,
      options.seed};
}

/// Says what is trained on, and what in it is likely a mistake.
void report_data(const Model& model, const Dataset& data, const DataFacts& facts, const FitOptions& options) {
  if (options.data_ready) options.data_ready(facts);
  if (!options.messages) return;
  for (const std::string& doubt : model.training_doubts()) options.messages(Level::Warning, "", doubt);
  for (const std::string& doubt : data_doubts(model, data, facts, options))
    options.messages(Level::Warning, "", doubt);
}

template <class Data>
History fit_on(Model& model, const Data& data, const FitOptions& options) {
  const FlushDenormals flush;
  Prepared prepared(model, data, options);
  const Catalog none;
  Callbacks callbacks(catalog_or(options.catalog, none), options.plugins, model,
                      callbacks_options(model, prepared.validation() != nullptr, options,
                                        {&layout_of(data), validation_of(options)}));
  learn_input_columns(model, layout_of(data));  // only now: a fit that is refused leaves the model as it was
  FitProgress own;
  FitProgress& progress = options.progress == nullptr ? own : *options.progress;
  progress = {};
  const auto record = [&] {
    progress.history.stop = callbacks.stop();
    progress.history.saved_files = callbacks.saved_files();
    progress.history.callback_state = callbacks.save_state();
  };
  return with_fault_handling(callbacks, options.messages, [&] {
    callbacks.setup(run_info(options, prepared));
    if (!options.callback_state.empty()) callbacks.load_state(options.callback_state);
    report_data(model, layout_of(data), prepared.facts(), options);
    if (options.before_training) options.before_training();
    const RecordScope recordable(progress, [&] { record_fault(progress, record); });
    try {
      FitLoop(model, prepared, callbacks, options, progress).run();
    } catch (const abi::__forced_unwind&) {
      record_fault(progress, record);
      throw;
    } catch (const std::exception&) {
      record_fault(progress, record);
      throw;
    }
    progress.record = nullptr;
    record();
    if (options.after_training) options.after_training();
    callbacks.finish(progress.history.end);
    return progress.history;
  });
}

/// Whether a pass was interrupted: its callbacks are torn down then.
bool end_early(const Interruption& interruption, Callbacks& callbacks) {
  if (interruption.told()) callbacks.finish(RunEnd::Interrupted);
  return interruption.told();
}

template <class Data>
std::string explain_order_on(Model& model, const Data& data, const FitOptions& options) {
  Prepared prepared(model, data, options);
  const Catalog none;
  Callbacks callbacks(catalog_or(options.catalog, none), options.plugins, model,
                      callbacks_options(model, prepared.validation() != nullptr, options,
                                        {&layout_of(data), validation_of(options)}));
  return callbacks.explain_order();
}

template <class Data>
std::vector<std::pair<std::string, double>> evaluate_on(Model& model, const Data& data,
                                                        const PassOptions& options) {
  const FlushDenormals flush;
  DataPass pass(model, data, options, Targets::Needed);
  const Catalog none;
  Callbacks callbacks(catalog_or(options.catalog, none), options.plugins, model,
                      callbacks_options(model, false, options, {&layout_of(data)}));
  Interruption interruption(options.interrupted, callbacks);
  return with_fault_handling(callbacks, options.messages, [&] {
    callbacks.setup(pass.info(options.batch_size));
    if (options.before_pass) options.before_pass();
    ModelLogs logs(model);
    model.reset_logs();
    callbacks.test_begin(pass.steps);
    for (std::int64_t step = 0; step < pass.steps; ++step) {
      callbacks.test_batch_begin(step, pass.batches->size(step));
      model.test_batch(pass.batches->at(step));
      callbacks.test_batch_end(logs);
      if (step + 1 < pass.steps && interruption.wanted()) break;
    }
    std::vector<std::pair<std::string, double>> result;
    if (end_early(interruption, callbacks)) return result;
    callbacks.test_end(logs);
    std::vector<double> values(model.log_keys().size());
    model.read_logs(values);
    for (std::size_t i = 0; i < values.size(); ++i) result.emplace_back(model.log_keys()[i].name, values[i]);
    return result;
  });
}

template <class Data>
std::vector<NamedArray> predict_on(Model& model, const Data& data, const PassOptions& options) {
  const FlushDenormals flush;
  DataPass pass(model, data, options, Targets::Ignored);
  const Catalog none;
  Callbacks callbacks(catalog_or(options.catalog, none), options.plugins, model,
                      callbacks_options(model, false, options, {&layout_of(data)}));
  Interruption interruption(options.interrupted, callbacks);
  return with_fault_handling(callbacks, options.messages, [&] {
    callbacks.setup(pass.info(options.batch_size));
    if (options.before_pass) options.before_pass();
    std::vector<NamedArray> results;
    for (const Port& port : model.outputs()) {
      results.push_back({port.name, {port.shape, {}}});
      results.back().array.shape.insert(results.back().array.shape.begin(), 0);
    }
    std::vector<const float*> outputs(results.size());
    callbacks.predict_begin();
    for (std::int64_t step = 0; step < pass.steps; ++step) {
      const std::int64_t size = pass.batches->size(step);
      callbacks.predict_batch_begin(step, size);
      model.predict_batch(pass.batches->at(step), outputs);
      for (std::size_t i = 0; i < results.size(); ++i) {
        Array& out = results[i].array;
        out.values.insert(out.values.end(), outputs[i], outputs[i] + size * out.row_size());
        out.shape.front() += size;
      }
      callbacks.predict_batch_end();
      if (step + 1 < pass.steps && interruption.wanted()) break;
    }
    if (end_early(interruption, callbacks)) return std::vector<NamedArray>();
    callbacks.predict_end();
    return results;
  });
}

}  // namespace

History fit(Model& model, const Dataset& data, const FitOptions& options) {
  return fit_on(model, data, options);
}

std::string explain_order(Model& model, const Dataset& data, const FitOptions& options) {
  return explain_order_on(model, data, options);
}

std::vector<std::pair<std::string, double>> evaluate(Model& model, const Dataset& data,
                                                     const PassOptions& options) {
  return evaluate_on(model, data, options);
}

std::vector<NamedArray> predict(Model& model, const Dataset& data, const PassOptions& options) {
  return predict_on(model, data, options);
}

History fit(Model& model, const SampleSource& source, const FitOptions& options) {
  return fit_on(model, source, options);
}

std::string explain_order(Model& model, const SampleSource& source, const FitOptions& options) {
  return explain_order_on(model, source, options);
}

std::vector<std::pair<std::string, double>> evaluate(Model& model, const SampleSource& source,
                                                     const PassOptions& options) {
  return evaluate_on(model, source, options);
}

std::vector<NamedArray> predict(Model& model, const SampleSource& source, const PassOptions& options) {
  return predict_on(model, source, options);
}

}  // namespace kairos::host
