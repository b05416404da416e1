// SPDX-License-Identifier: MIT
// fit, evaluate and predict: arguments and results are those of Keras' functions of the same names.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/checkpoint.hpp"
#include "kairos/host/dataset.hpp"
#include "kairos/host/history.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/plugins.hpp"
#include "kairos/host/ranks.hpp"
#include "kairos/host/run_files.hpp"
#include "kairos/host/stream.hpp"

namespace kairos::host {

enum class Shuffle {
  Samples,  ///< a new permutation of the samples in each epoch: Keras' True
  None,     ///< the order of the data
  Batches,  ///< whole batches are permuted, a short last batch stays last: 'batch' of Keras 1 and 2
};

/// The state of a run. Updated during the run, so that it can be read when `fit` throws, and by a callback or
/// a handler of the process that ends the process inside `fit`.
struct FitProgress {
  History history;
  std::int64_t batches = 0;  ///< trained in this run
  int signal = 0;            ///< that ended the run, on this rank or another one; 0: none
  /// Another number whenever the model may have changed: set when `history` is completed at the end of the
  /// run, and by `record`.
  std::uint64_t target_version = 0;
  /// Where the last complete run checkpoint is that a callback has asked for; empty if there is none.
  std::filesystem::path run_saved_in;
  /// Set during a run: fills in the fields of `history` that are otherwise set at its end (`stop`,
  /// `saved_files` and `callback_state`) and restores what hooks have changed in the process. For code that
  /// ends the process inside `fit`. The state stays empty if it cannot be saved. Does not throw.
  std::function<void()> record;
};

/// Which samples `validation_split` holds out.
enum class Split {
  Last,        ///< the last ones, before any shuffle: Keras' choice
  Shuffled,    ///< a random choice that depends on the seed
  Stratified,  ///< a random choice with the same share of each class in both parts
};

/// The samples of a fit.
struct DataFacts {
  std::int64_t training = 0, validation = 0;  ///< samples
  /// Number of samples per class. Filled only for a model with one target that is one class per sample, and
  /// only where its values are in memory or quick to read.
  std::map<std::int64_t, std::int64_t> training_classes, validation_classes;
};

/// Arguments that `fit`, `evaluate` and `predict` share.
struct RunOptions {
  std::int64_t batch_size = 32;
  StreamOptions stream;  ///< for a SampleSource

  std::vector<PluginSpec> plugins;
  /// The catalog that the plugins are looked up in; may be null if there are none. Borrowed for the call.
  const Catalog* catalog = nullptr;
  std::filesystem::path run_directory;
  MessageSink messages;
  /// The files that the caller reads and writes, besides Dataset::sources. No callback may replace them.
  RunFiles files;
  bool owns_process = false;  ///< as CallbacksOptions::owns_process
  /// Checked after every batch, also in a validation: any value but 0 (a signal number) ends the run.
  /// Borrowed; may be null.
  const std::atomic<int>* interrupted = nullptr;
  std::chrono::nanoseconds slow_hook = std::chrono::seconds(10);  ///< as CallbacksOptions::slow_hook
  bool checks_plugins = false;                                    ///< as CallbacksOptions::checks_plugins
  RunNotes notes = {};  ///< for callbacks that write reports; classes and columns are added
};

/// Arguments of Keras' `fit`, with Keras' defaults where it has some.
struct FitOptions : RunOptions {
  /// The processes that train the model together, each with this call and the same arguments; null for this
  /// one alone. Batch sizes and steps are those of all ranks: rank r trains on slice r of each batch, and the
  /// result is that of one process but for rounding. Callbacks of the phases report and persist run on rank
  /// 0. Borrowed for the call. Throws Error(Usage) KAIROS-U113 where the arguments of two ranks differ.
  Ranks* ranks = nullptr;
  std::int64_t epochs = 1;         ///< index after the last epoch, not a count from initial_epoch
  std::int64_t initial_epoch = 0;  ///< index of the first epoch
  Shuffle shuffle = Shuffle::Samples;
  /// Determines the order of samples. Epoch e has the same order in every run with this seed; with
  /// steps_per_epoch, pass p over the data has, counted from the start of the run.
  std::uint64_t seed = 0;

  std::optional<double> validation_split;    ///< share in (0, 1) of the samples, taken before any shuffle
  Split split = Split::Last;                 ///< which samples; the same ones for the same seed
  std::optional<Dataset> validation_data;    ///< takes precedence over validation_split
  std::int64_t validation_freq = 1;          ///< validates in epochs k, 2k, …
  std::set<std::int64_t> validation_epochs;  ///< if not empty: validates in these epochs (from 1) instead
  std::int64_t validation_batch_size = 0;    ///< 0: batch_size
  std::int64_t validation_steps = 0;         ///< number of batches in each validation; 0: all

  /// Batches per epoch; 0: all. An epoch continues where the last one stopped.
  std::int64_t steps_per_epoch = 0;
  /// Weight of each class. Multiplies the sample weights in training, never in validation.
  std::map<std::int64_t, double> class_weight;
  /// Computes `class_weight`, which must be empty, from the training samples: n / (classes · samples of the
  /// class), so that each class weighs as much as any other (scikit-learn's "balanced").
  bool balances_classes = false;

  /// Takes copies of the run while it trains; null for none. Borrowed for the call.
  CheckpointSink* checkpoints = nullptr;
  /// Goes on from a copy that was taken: weights, optimizer, position, order of the data, random numbers,
  /// sums of the logs, History, stop and states of callbacks are those of the copy, and the run ends as if it
  /// had never been interrupted. `initial_epoch` and `callback_state` are not used. Null to begin, unless a
  /// callback names a run checkpoint to go on from (kairos.run/1, BackupAndRestore). Borrowed for the call.
  /// Throws Error(Usage) KAIROS-U090 if the options, the model or the data differ from those of the copy.
  const FitResumption* resume_from = nullptr;

  std::string callback_state;       ///< History::callback_state of an earlier run, to continue it
  FitProgress* progress = nullptr;  ///< Borrowed for the call; may be null
  /// Called once, after every check has passed, with the numbers of samples and classes. May be null.
  std::function<void(const DataFacts&)> data_ready;
  /// Called once, after every check has passed and before anything is trained or written: the place to create
  /// output files. An exception from it ends the run. May be null.
  std::function<void()> before_training;
  /// Called after each complete epoch, when all callbacks have had it, with the history up to that epoch. An
  /// exception from it ends the run. May be null.
  std::function<void(const History&)> epoch_recorded;
  /// Called when `progress` holds results of a run that has not failed: before on_train_end, so that nothing
  /// that happens there can lose them; again with the states of callbacks, of which some may be missing; and
  /// after on_train_end with everything. Called for an interrupted run too. May be null.
  std::function<void()> write_results;
  /// Called once after a run that did not fail, when `progress` is complete and before callbacks are torn
  /// down. May be null.
  std::function<void()> after_training;
};

/// Trains. Errors in data, weights, options and plugins are thrown before the first batch: Error(Data),
/// Error(Model), Error(Usage), Error(Plugin). If a callback with the policy `fatal` fails, Error(Callback) is
/// thrown after all other callbacks were notified and torn down.
[[nodiscard]] History fit(Model& model, const Dataset& data, const FitOptions& options);

/// The same for samples that are read during training. Shapes, options and the first batch are checked before
/// training; an invalid value is thrown, with file and line, when its batch is read. The order of samples is
/// that of StreamOptions; with Shuffle::None, Shuffle::Batches, or no window, the result equals that of the
/// same data in memory, bit for bit. `validation_data` is in memory, `validation_split` is streamed.
[[nodiscard]] History fit(Model& model, const SampleSource& source, const FitOptions& options);

/// Arguments of `evaluate` and `predict`. The result of an interrupted pass is empty.
struct PassOptions : RunOptions {
  std::int64_t steps = 0;  ///< batches; 0: all
  /// As FitOptions::before_training.
  std::function<void()> before_pass;
};

/// Loss and metrics by name, "loss" first. Errors as in `fit`.
[[nodiscard]] std::vector<std::pair<std::string, double>> evaluate(Model& model, const Dataset& data,
                                                                   const PassOptions& options);

[[nodiscard]] std::vector<std::pair<std::string, double>> evaluate(Model& model, const SampleSource& source,
                                                                   const PassOptions& options);

/// One array for each output, [n, …], named like the output. Errors as in `fit`.
[[nodiscard]] std::vector<NamedArray> predict(Model& model, const Dataset& data, const PassOptions& options);

[[nodiscard]] std::vector<NamedArray> predict(Model& model, const SampleSource& source,
                                              const PassOptions& options);

/// Checks everything that `fit` checks, creates the callbacks and returns their order
/// (Callbacks::explain_order). Does not train.
[[nodiscard]] std::string explain_order(Model& model, const Dataset& data, const FitOptions& options);
[[nodiscard]] std::string explain_order(Model& model, const SampleSource& source, const FitOptions& options);

}  // namespace kairos::host
