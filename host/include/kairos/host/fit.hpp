// SPDX-License-Identifier: MIT
// fit, evaluate and predict: what Keras' functions of these names take and return.
#pragma once

#include <atomic>
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
#include "kairos/host/dataset.hpp"
#include "kairos/host/history.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/plugins.hpp"
#include "kairos/host/run_files.hpp"
#include "kairos/host/stream.hpp"

namespace kairos::host {

enum class Shuffle {
  Samples,  ///< a new permutation of the samples in each epoch: Keras' True
  None,     ///< the order of the data
  Batches,  ///< whole batches change places, the short one stays last: Keras 1's and 2's 'batch'
};

/// What a run has come to. Kept up to date while it goes on, so that it can be read where `fit` throws, and
/// by a callback or a handler of the process that ends inside `fit`.
struct FitProgress {
  History history;
  std::int64_t batches = 0;  ///< trained in this run
  /// Set while a run goes on: fills in what `history` otherwise gets at its end, which are `stop`,
  /// `saved_files` and `callback_state`, and restores what hooks have changed of the process. For whoever
  /// ends the process inside `fit`. The state stays empty where it cannot be had. Does not throw.
  std::function<void()> record;
};

/// Which samples `validation_split` holds out.
enum class Split {
  Last,        ///< the last ones, before any shuffle: Keras' choice
  Shuffled,    ///< drawn from all over the data, by the seed
  Stratified,  ///< drawn by the seed so that each class has the same share in both parts
};

/// What a fit trains and validates on.
struct DataFacts {
  std::int64_t training = 0, validation = 0;  ///< samples
  /// How often each class occurs; empty unless the model has one target, which is one class for each sample,
  /// and its values are at hand: in memory, or quickly read.
  std::map<std::int64_t, std::int64_t> training_classes, validation_classes;
};

/// Arguments of Keras' `fit`, with its defaults where Keras has some.
struct FitOptions {
  std::int64_t epochs = 1;         ///< index after the last epoch, not a count from initial_epoch
  std::int64_t initial_epoch = 0;  ///< index of the first epoch
  std::int64_t batch_size = 32;
  Shuffle shuffle = Shuffle::Samples;
  /// Of the order of samples. Epoch e has the same order in every run of this seed; with steps_per_epoch it
  /// is pass p over the data, counted from where the run began.
  std::uint64_t seed = 0;

  std::optional<double> validation_split;    ///< share in (0, 1) of the samples, taken before any shuffle
  Split split = Split::Last;                 ///< which samples; the same ones for the same seed
  std::optional<Dataset> validation_data;    ///< wins over validation_split
  std::int64_t validation_freq = 1;          ///< validates in epochs k, 2k, …
  std::set<std::int64_t> validation_epochs;  ///< if not empty: in these epochs (from 1) instead
  std::int64_t validation_batch_size = 0;    ///< 0: batch_size
  std::int64_t validation_steps = 0;         ///< first batches of each validation; 0: all

  std::int64_t steps_per_epoch = 0;  ///< 0: all batches; an epoch then goes on where the last one stopped
  std::map<std::int64_t, double>
      class_weight;  ///< class to weight; multiplies sample weights, never in validation

  StreamOptions stream;  ///< for a SampleSource

  // Callbacks.
  std::vector<PluginSpec> plugins;
  const Catalog* catalog =
      nullptr;  ///< where they are found; may be null if there are none. Borrowed for the call
  std::filesystem::path run_directory;
  MessageSink messages;
  /// Beside Dataset::sources: what the caller reads and writes. No callback may replace it.
  RunFiles files;
  bool owns_process = false;   ///< as CallbacksOptions::owns_process
  std::string callback_state;  ///< History::callback_state of an earlier run, to go on from
  /// Checked after every batch, of a validation too: any other number than 0 (a signal's) ends the run.
  /// Borrowed; may be null.
  const std::atomic<int>* interrupted = nullptr;
  FitProgress* progress = nullptr;  ///< Borrowed for the call; may be null
  /// Called once, when every check has passed, with what is about to be trained on. May be null.
  std::function<void(const DataFacts&)> data_ready;
  /// Called once, when every check has passed and nothing has been trained or written: the place to make what
  /// the run leaves behind. What it throws ends the run. May be null.
  std::function<void()> before_training;
  /// Called once when the run has ended by itself and `progress` is complete, before callbacks are torn down.
  /// May be null.
  std::function<void()> after_training;
};

/// Trains. Everything that is wrong with data, weights, options or plugins is thrown before the first batch:
/// Error(Data), Error(Model), Error(Usage), Error(Plugin). A callback that fails with the policy `fatal` is
/// thrown as Error(Callback) after all others were told and torn down.
[[nodiscard]] History fit(Model& model, const Dataset& data, const FitOptions& options);

/// The same for samples that are read while the model trains. What is wrong with a value is thrown when its
/// batch is due, with file and line; shapes, options and the first batch are checked before. The order of
/// samples is that of StreamOptions; with Shuffle::None, Shuffle::Batches, or no window, the result is that
/// of the same data in memory, bit for bit. `validation_data` is in memory, `validation_split` is streamed.
[[nodiscard]] History fit(Model& model, const SampleSource& source, const FitOptions& options);

/// What evaluate and predict take.
struct PassOptions {
  std::int64_t batch_size = 32;
  std::int64_t steps = 0;  ///< batches; 0: all
  std::vector<PluginSpec> plugins;
  const Catalog* catalog = nullptr;
  std::filesystem::path run_directory;
  MessageSink messages;
  RunFiles files;             ///< as FitOptions::files
  bool owns_process = false;  ///< as CallbacksOptions::owns_process
  StreamOptions stream;       ///< for a SampleSource
  /// As FitOptions::before_training.
  std::function<void()> before_pass;
  /// As FitOptions::interrupted. The result of a pass that it ends is empty.
  const std::atomic<int>* interrupted = nullptr;
};

/// Loss and metrics by name, "loss" first.
[[nodiscard]] std::vector<std::pair<std::string, double>> evaluate(Model& model, const Dataset& data,
                                                                   const PassOptions& options);

[[nodiscard]] std::vector<std::pair<std::string, double>> evaluate(Model& model, const SampleSource& source,
                                                                   const PassOptions& options);

/// One array for each output, [n, …], named like the output.
[[nodiscard]] std::vector<NamedArray> predict(Model& model, const Dataset& data, const PassOptions& options);

[[nodiscard]] std::vector<NamedArray> predict(Model& model, const SampleSource& source,
                                              const PassOptions& options);

/// What `fit` would do, without training: creates the callbacks and returns their order
/// (Callbacks::explain_order).
[[nodiscard]] std::string explain_order(Model& model, const Dataset& data, const FitOptions& options);
[[nodiscard]] std::string explain_order(Model& model, const SampleSource& source, const FitOptions& options);

}  // namespace kairos::host
