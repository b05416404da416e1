// SPDX-License-Identifier: MIT
// The callbacks of a run: creates them from plugins and calls their hooks. The fit loop drives this class,
// and any other training loop can.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/host/current_batch.hpp"
#include "kairos/host/forward_control.hpp"
#include "kairos/host/plugins.hpp"
#include "kairos/host/ranks.hpp"
#include "kairos/host/run_control.hpp"
#include "kairos/host/run_files.hpp"
#include "kairos/host/run_notes.hpp"
#include "kairos/host/training_target.hpp"

namespace kairos::host {

enum class Level : std::int32_t { Debug = 0, Info = 1, Warning = 2, Error = 3 };

/// Receives messages for the user from callbacks and the host. `author` is the instance, or "" for the host.
/// Called from the fit thread and from a background thread, possibly at the same time.
using MessageSink = std::function<void(Level level, std::string_view author, std::string_view text)>;

/// What a run is; ABI numbers (kairos/abi/event.h).
enum class RunMode : std::int32_t { Fit = 1, Evaluate = 2, Predict = 3 };

/// Facts of a run that callbacks receive; see kairos_run_event.
struct RunInfo {
  std::int64_t epochs = 0;
  std::int64_t initial_epoch = 0;
  std::int64_t steps_per_epoch = -1;
  std::int64_t batch_size = -1;
  std::int64_t samples = -1;
  std::int64_t validation_samples = 0;
  std::uint64_t seed = 0;
  RunMode mode = RunMode::Fit;
  /// Whether the run goes on from the state of an earlier one: load_state follows.
  bool resumed = false;
};

/// The current values of the keys of a pass, in the order of `CallbacksOptions::keys`. Read only if a
/// callback asks for a value.
class LogSource {
 public:
  /// `count()` of a source that fills any number of values.
  static constexpr std::size_t any_count = static_cast<std::size_t>(-1);

  LogSource() = default;
  virtual ~LogSource() = default;
  /// `values` are NaN before the call.
  virtual void read_logs(std::span<double> values) = 0;
  /// False for a key that has no value in this event although others of its pass have one. Called after
  /// read_logs.
  [[nodiscard]] virtual bool is_available(std::size_t key) const {
    static_cast<void>(key);
    return true;
  }
  /// Number of values; it must be the number of keys.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 protected:
  explicit LogSource(std::size_t count) : count_(count) {}

 private:
  std::size_t count_ = any_count;
};

/// A LogSource with given values.
class LogValues : public LogSource {
 public:
  LogValues(std::initializer_list<double> values) : LogSource(values.size()), values_(values) {}
  explicit LogValues(std::vector<double> values) : LogSource(values.size()), values_(std::move(values)) {}
  void read_logs(std::span<double> values) override;

 private:
  std::vector<double> values_;
};

/// The callback that requested a stop, and its reason.
struct StopRequest {
  std::string reason;
  std::string instance;
};

/// How a run ended; ABI numbers (kairos/abi/event.h).
enum class RunEnd : std::int32_t { Completed = 0, Stopped = 1, Fault = 2, Interrupted = 3 };

/// A value of the logs; `available` is false where this event has none.
struct LogValue {
  double value = 0;
  bool available = false;
};

/// What Callbacks know of a run besides the states of their instances and the saved files.
struct RunMemory {
  std::int64_t epochs_run = 0;
  std::optional<StopRequest> stop;
  std::vector<LogValue> epoch_values;  ///< of the last epoch_end, one per key; empty before the first
  std::vector<std::string> disabled;   ///< names of the instances that a failure has disabled
};

struct CallbacksOptions {
  /// The keys that train_batch_end, test_end and epoch_end report, without `val_`.
  std::vector<LogKey> keys;
  /// Whether the run validates: then the `val_…` keys exist.
  bool validates = false;
  /// Base of relative paths in options and of those that callbacks pass to the host; empty for the current
  /// directory. `setup` creates it; if nothing runs after that, it is removed again.
  std::filesystem::path run_directory;
  MessageSink messages;
  /// Files that the caller reads and writes: no callback may replace them. The files of the catalog's plugins
  /// are protected too.
  RunFiles files;
  /// True if only hooks change the locale, the umask, the working directory, signal handlers and blocked
  /// signals. Changes by hooks are then restored, with a warning.
  bool owns_process = false;
  /// Any value but 0 (a signal number) means that the run is interrupted, as a call of `interrupt` does: the
  /// loop may be inside a hook that waits for background tasks. Borrowed; may be null.
  const std::atomic<int>* interrupted = nullptr;
  /// A hook that runs for as long or longer is named by a warning while it runs, from a thread of the host. 0
  /// or less: none is.
  std::chrono::nanoseconds slow_hook = std::chrono::seconds(10);
  /// For tests of plugins: compares all tensors, and what else is shared, before and after every hook, and
  /// notices calls on wrong threads, in wrong hooks and after their hook. An offence throws Error(Callback)
  /// KAIROS-C020, whatever the policy of the instance.
  bool checks_plugins = false;
  /// How callbacks save the run and go on with a saved one; null for a loop that cannot. Borrowed.
  RunControl* run = nullptr;
  RunNotes notes = {};  ///< for callbacks that write reports
  /// How callbacks make passes and trial steps; null for a loop that makes none for them. Borrowed.
  ForwardControl* forward = nullptr;
  /// The ranks of a distributed training; null for one process. Callbacks of the phases report and persist
  /// then run on rank 0, unless they have declared every_rank, and the keys that rank 0 publishes in
  /// epoch_end are those of all. Borrowed.
  Ranks* ranks = nullptr;
};

class Session;

/// All instances of a run. Call every function on the thread that created the object.
///
/// Every call checks the order of calls:
///
///     constructor, setup, [load_state], [restore],
///     then one training, with tests and predictions before and after it:
///       train_begin
///       for each epoch, counted upwards:
///         epoch_begin (or once, for the first epoch, epoch_resume)
///         for each batch: train_batch_begin, [gradients_ready], train_batch_end
///         [a test]
///         epoch_end
///       train_end
///     a test:        test_begin, for each batch (test_batch_begin, test_batch_end), test_end
///     a prediction:  predict_begin, for each batch (predict_batch_begin, predict_batch_end), predict_end
///     finish, or the destructor
///
/// | stage | entered by | allowed calls |
/// |---|---|---|
/// | created | constructor | setup |
/// | ready | setup | load_state, restore, train_begin, test_begin, predict_begin |
/// | between epochs | train_begin, epoch_end | epoch_begin, epoch_resume, train_end |
/// | in an epoch | epoch_begin, epoch_resume, train_batch_end, test_end | train_batch_begin, test_begin,
/// epoch_end | | in a batch | train_batch_begin | gradients_ready once, train_batch_end | | in a pass |
/// test_begin, test_batch_end; predict_begin, predict_batch_end | its batch_begin, its end | | in a batch of
/// a pass | test_batch_begin; predict_batch_begin | its batch_end | | trained | train_end | test_begin,
/// predict_begin | | finished | finish | fault and finish, which do nothing; getters |
///
/// save_state, rescue_state and interrupt are allowed from setup to finish; fault and finish always. A pass
/// may have fewer batches than announced; an interrupted epoch ends with epoch_end(…, true). A run that is
/// interrupted (any RunEnd but Completed) may go from anywhere in an epoch to train_end. A test inside an
/// epoch needs CallbacksOptions::validates.
///
/// Misuse throws Error(Callback) that names the call, the stage and what to call first: KAIROS-C030 for the
/// order, C031 for a wrong number of log values, C032 for an undeclared validation, C033 and C034 for an
/// epoch or batch number that does not increase, C035 for another thread (not checked in batches), C036 after
/// finish. No hook has been called then. A failure of an instance whose policy is `fatal` throws
/// Error(Callback) too.
class Callbacks {
 public:
  /// Finds each spec in the catalog, checks its options, loads the libraries and creates the instances.
  /// `target` must outlive this object. Throws Error(Plugin) for a wrong configuration, before any instance
  /// exists, and Error(Usage) if a result in `options.files` would replace an input or another result.
  Callbacks(const Catalog& catalog, std::span<const PluginSpec> specs, TrainingTarget& target,
            CallbacksOptions options);
  ~Callbacks();
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;

  /// Throws Error(File) KAIROS-F062 if the run directory cannot be created.
  void setup(const RunInfo& run);

  /// The states of all instances, and the loaded states of instances that this run does not have.
  [[nodiscard]] std::string save_state();
  /// The same after a failure, or while nothing may fail yet: without the states of instances whose
  /// state_save fails. Their policies do not apply.
  [[nodiscard]] std::string rescue_state();
  /// Between setup and train_begin. Throws Error(Callback) for damaged bytes, and for a state that its
  /// instance rejects.
  void load_state(std::string_view bytes);
  /// For a run that goes on in another process: the memory of this one, and saved_files so far.
  [[nodiscard]] RunMemory memory() const;
  /// Between setup and train_begin.
  void restore(RunMemory memory, std::vector<std::filesystem::path> saved_files);

  void train_begin();
  /// `batches` if this epoch has another number of batches than RunInfo says.
  void epoch_begin(std::int64_t epoch, std::optional<std::int64_t> batches = std::nullopt);
  /// In place of the first epoch_begin: the epoch goes on, after `trained` batches of it in an earlier
  /// process. No hook is called.
  void epoch_resume(std::int64_t epoch, std::int64_t trained,
                    std::optional<std::int64_t> batches = std::nullopt);
  /// `current` is the batch for callbacks that read or change it; may be null, borrowed until
  /// train_batch_end.
  void train_batch_begin(std::int64_t batch, std::int64_t samples, CurrentBatch* current = nullptr);
  /// Before each update step, with the gradients of all its batches.
  void gradients_ready();
  void train_batch_end(LogSource& logs);
  /// `batches` of this pass; -1 if unknown. During training the keys have the prefix `val_`.
  void test_begin(std::int64_t batches);
  /// Of `current`, which may be null, callbacks can only ask for the rows.
  void test_batch_begin(std::int64_t batch, std::int64_t samples, CurrentBatch* current = nullptr);
  void test_batch_end(LogSource& logs);
  void test_end(LogSource& logs);
  /// `validation` is null in an epoch without one. `learning_rate` is read from the target.
  void epoch_end(LogSource& training, LogSource* validation, bool partial = false);
  void train_end(RunEnd why);
  void predict_begin();
  void predict_batch_begin(std::int64_t batch, std::int64_t samples, CurrentBatch* current = nullptr);
  void predict_batch_end();
  void predict_end();
  /// Calls on_fault of all instances but the one that failed (`instance` empty: the one whose failure was
  /// thrown, if any). Failures in it are only reported.
  void fault(std::string_view instance, std::string_view hook, std::string_view message);
  void interrupt(int signal);
  /// Calls teardown of every instance in reverse order, once, then reports each instance that failed during
  /// the run.
  void finish(RunEnd why);

  /// Whether an instance may ask for run checkpoints.
  [[nodiscard]] bool may_save_runs() const noexcept;
  /// A run checkpoint that an instance has asked for is complete: calls on_checkpoint_saved of every
  /// instance.
  void run_saved(const std::filesystem::path& directory);
  /// It could not be written: a failure of the instance that asked for it.
  void run_not_saved(const std::filesystem::path& directory, std::string_view why);

  /// The first request; it is final.
  [[nodiscard]] const std::optional<StopRequest>& stop() const noexcept;

  /// Keys in the order of History: those of the model, their `val_…` keys, then those that callbacks publish.
  /// Complete after setup.
  [[nodiscard]] std::span<const LogKey> keys() const noexcept;
  /// Values of the last epoch_end, one per key.
  [[nodiscard]] std::vector<LogValue> epoch_values() const;

  /// Of several ranks: another one has asked for the stop.
  void adopt_stop(StopRequest stop);
  /// Another number whenever an instance may have changed weights or the optimizer's variables.
  [[nodiscard]] std::uint64_t writes_of_weights() const noexcept;
  /// Whether an instance implements a hook of training batches, or of batches of a test.
  [[nodiscard]] bool hears_training_batches() const noexcept;
  [[nodiscard]] bool hears_test_batches() const noexcept;
  /// Of several ranks: whether the batches that follow are parts of those of all ranks. An instance that runs
  /// on rank 0 alone may not read such a part.
  void lend_parts(bool parts) noexcept;
  /// Whether an instance that runs on rank 0 alone has read a batch of a test.
  [[nodiscard]] bool has_read_tests() const noexcept;

  /// True if an instance implements on_backward_end; otherwise a loop may omit gradients_ready.
  [[nodiscard]] bool wants_gradients() const noexcept;

  /// Another number whenever training, or an instance, may have changed the target.
  [[nodiscard]] std::uint64_t target_version() const noexcept;

  /// Files that instances saved, in order; absolute.
  [[nodiscard]] const std::vector<std::filesystem::path>& saved_files() const noexcept;

  /// One line for each implemented hook, with its instances in calling order and their phases.
  [[nodiscard]] std::string explain_order() const;

  /// Instances by name, in the order of their specs.
  [[nodiscard]] std::vector<std::string> instances() const;

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace kairos::host
