// SPDX-License-Identifier: MIT
// The events that hooks receive: their fields, and the host functions that a callback may call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kairos/detail/event_ranks.hpp"
#include "kairos/error.hpp"
#include "kairos/tensor.hpp"

namespace kairos {
inline namespace v1 {

/// What a file of `Event::save` contains: architecture, weights and optimizer, or the weights only.
enum class SaveContent : std::int32_t { Model = KAIROS_SAVE_MODEL, Weights = KAIROS_SAVE_WEIGHTS };
/// Whether a smaller or a larger value of a metric is better.
enum class Direction : std::int32_t {
  Unknown = KAIROS_DIRECTION_UNKNOWN,
  Min = KAIROS_DIRECTION_MIN,
  Max = KAIROS_DIRECTION_MAX
};
/// Severity of a printed line.
enum class Level : std::int32_t {
  Debug = KAIROS_LOG_DEBUG,
  Info = KAIROS_LOG_INFO,
  Warning = KAIROS_LOG_WARNING,
  Error = KAIROS_LOG_ERROR
};

/// What a run is. A later host may have others.
enum class Mode : std::int32_t {
  Fit = KAIROS_MODE_FIT,
  Evaluate = KAIROS_MODE_EVALUATE,
  Predict = KAIROS_MODE_PREDICT
};

/// The functions that all events share. An event is borrowed until the hook returns. Functions must be called
/// on the fit thread. They throw kairos::HostError if the host refuses the call, and kairos::Error with
/// KAIROS_E_UNSUPPORTED if the host does not offer the interface. If the hook does not catch the exception,
/// the user sees the host's reason. Table of what is allowed in which hook: sdk/doc/cpp.md.
class Event : public detail::EventRanks {
 public:
  using EventRanks::EventRanks;

  // ---- logs

  /// Value of a log key in this event. Throws KAIROS_E_NOT_FOUND if the run has no such key or its value is
  /// not available in this event.
  [[nodiscard]] double metric(std::string_view key) const {
    const std::optional<std::uint32_t> index = find_log(key);
    const std::optional<double> value = index ? log(*index) : std::nullopt;
    if (!value)
      throw Error(KAIROS_E_NOT_FOUND, "the logs of this event have no \"" + std::string(key) + "\"");
    return *value;
  }

  /// Number of log keys. Complete from on_train_begin or on_test_begin.
  [[nodiscard]] std::uint32_t log_count() const { return logs().count(call_); }
  /// Index of a key, valid until the end of the run; empty if the run has no such key.
  [[nodiscard]] std::optional<std::uint32_t> find_log(std::string_view key) const {
    std::uint32_t index = 0;
    if (logs().find(call_, detail::to_abi(key), &index) != KAIROS_OK) return std::nullopt;
    return index;
  }
  /// Value of the key at `index`; empty if it is not available in this event.
  [[nodiscard]] std::optional<double> log(std::uint32_t index) const {
    double value = 0;
    if (logs().value(call_, index, &value) != KAIROS_OK) return std::nullopt;
    return value;
  }
  /// Name of the key at `index`; borrowed until the callback is destroyed. Throws KAIROS_E_RANGE.
  [[nodiscard]] std::string_view log_name(std::uint32_t index) const {
    return detail::from_abi(log_key(index).name);
  }
  /// KAIROS_DIRECTION_… of the key at `index`. Throws KAIROS_E_RANGE.
  [[nodiscard]] std::int32_t log_direction(std::uint32_t index) const { return log_key(index).direction; }

  /// Publishes a value in the logs of this event: in on_train_batch_end, on_test_end and on_epoch_end, whose
  /// values alone become part of the history. The key must be listed in `static constexpr auto publishes` or
  /// declared in setup. Throws KAIROS_E_NOT_FOUND for an unknown key, KAIROS_E_DENIED for a key of another
  /// callback, KAIROS_E_STATE in other hooks.
  void publish(std::string_view key, double value) {
    const std::optional<std::uint32_t> index = find_log(key);
    if (!index)
      throw Error(KAIROS_E_NOT_FOUND,
                  "\"" + std::string(key) + "\" was not declared before it was published");
    check(logs().publish(call_, *index, value), "publishing a value");
  }
  /// Only in setup: declares a key that depends on options. Throws KAIROS_E_STATE in other hooks.
  void declare_log(std::string_view key, Direction direction) {
    declare_log(key, static_cast<std::int32_t>(direction));
  }
  /// The same with KAIROS_DIRECTION_….
  void declare_log(std::string_view key, std::int32_t direction) {
    std::uint32_t index = 0;
    check(logs().declare(call_, detail::to_abi(key), direction, &index), "declaring a key of the logs");
  }

  // ---- control and optimizer

  /// Requests the end of the run; see "Stopping" in sdk/doc/lifecycle.md. `reason` is shown to the user and
  /// kept in History. Needs Can::Stop.
  void stop(std::string_view reason) {
    check(need(interfaces_.control, KAIROS_CONTROL).request_stop(call_, detail::to_abi(reason)),
          "requesting a stop");
  }
  /// True once any callback has requested a stop.
  [[nodiscard]] bool stop_requested() const {
    return need(interfaces_.control, KAIROS_CONTROL).stop_requested(call_) != 0;
  }

  /// The current learning rate. Throws KAIROS_E_NOT_FOUND if there is none.
  [[nodiscard]] double learning_rate() const { return hyper("learning_rate"); }
  /// Sets the learning rate of the following steps. Throws as set_hyper.
  void set_learning_rate(double rate) { set_hyper("learning_rate", rate); }
  /// The current value of a hyper-parameter, such as "momentum". Throws KAIROS_E_NOT_FOUND if the optimizer
  /// has none of that name.
  [[nodiscard]] double hyper(std::string_view name) const {
    double value = 0;
    check(need(interfaces_.optimizer, KAIROS_OPTIMIZER).get(call_, detail::to_abi(name), &value),
          "reading a hyper-parameter");
    return value;
  }
  /// Sets a hyper-parameter for the following steps, stored as float32. Needs Can::SetOptimizer. Throws
  /// KAIROS_E_NOT_FOUND for an unknown name, KAIROS_E_INVALID for a negative or non-finite value.
  void set_hyper(std::string_view name, double value) {
    check(need(interfaces_.optimizer, KAIROS_OPTIMIZER).set(call_, detail::to_abi(name), value),
          "setting a hyper-parameter");
  }

  // ---- tensors

  /// Number of tensors of a role in this event; 0 if there are none.
  [[nodiscard]] std::uint32_t tensor_count(Role role) const {
    return need(interfaces_.tensors, KAIROS_TENSORS).count(call_, static_cast<std::int32_t>(role));
  }
  /// Borrows a tensor until the hook returns. Access::Write needs Can::WriteWeights for weights, buffers and
  /// slots, Can::WriteGradients for gradients, and Can::WriteBatch for inputs, targets and sample weights in
  /// on_train_batch_begin; see Batch::replace. Throws KAIROS_E_RANGE for a wrong index, KAIROS_E_DENIED
  /// without the capability and for writing outputs and losses, KAIROS_E_STATE for writing a batch elsewhere.
  [[nodiscard]] Tensor tensor(Role role, std::uint32_t index, Access access = Access::Read) const {
    kairos_tensor out{};
    out.size = sizeof out;
    check(need(interfaces_.tensors, KAIROS_TENSORS)
              .borrow(call_, static_cast<std::int32_t>(role), index, static_cast<std::int32_t>(access), &out),
          "borrowing a tensor");
    return Tensor(out);
  }

  // ---- model

  /// Saves the model to `path` atomically; the ending selects the format. A relative path is relative to the
  /// run directory, else to the current one. Needs Can::SaveModel. Throws
  /// KAIROS_E_IO, KAIROS_E_UNSUPPORTED for a format or content that the model cannot write, KAIROS_E_DENIED
  /// if the file would replace data or another result, KAIROS_E_STATE before training and in
  /// on_checkpoint_saved.
  void save(std::string_view path, SaveContent content) {
    check(model().save(call_, detail::to_abi(path), static_cast<std::int32_t>(content)), "saving the model");
  }
  /// As save(), but copies the model's values and writes the file while training continues. Write errors are
  /// reported at the end of an epoch or of the training, as a failure of this instance.
  void save_in_background(std::string_view path, SaveContent content) {
    check(model().save_in_background(call_, detail::to_abi(path), static_cast<std::int32_t>(content)),
          "saving the model in the background");
  }
  /// Throws KAIROS_E_UNSUPPORTED or KAIROS_E_DENIED unless save() accepts this path and content. Call it in
  /// setup.
  void require_can_save(std::string_view path, SaveContent content) const {
    check(model().can_save(call_, detail::to_abi(path), static_cast<std::int32_t>(content)),
          "checking the path");
  }
  /// Loads weights of the same shapes into the model. Needs Can::WriteWeights. Throws KAIROS_E_IO or
  /// KAIROS_E_DATA; the weights are unchanged then.
  void load_weights(std::string_view path) {
    check(model().load_weights(call_, detail::to_abi(path)), "loading weights");
  }
  /// Keras JSON of the model; empty if there is none. Borrowed until the hook returns or calls architecture()
  /// again.
  [[nodiscard]] std::string_view architecture() const {
    kairos_str text{};
    check(model().architecture(call_, &text), "reading the architecture");
    return detail::from_abi(text);
  }
  /// Copies all weights into snapshot `slot`; 0 creates one and stores its number in `slot`. Snapshot wraps
  /// this and the two functions below.
  void snapshot(std::uint64_t& slot) {
    check(model().snapshot(call_, &slot), "taking a snapshot of the weights");
  }
  /// Restores the weights of a snapshot. Needs Can::WriteWeights. Throws KAIROS_E_NOT_FOUND.
  void rollback(std::uint64_t slot) { check(model().rollback(call_, slot), "restoring the weights"); }
  /// Frees a snapshot; an unknown slot is ignored.
  void drop(std::uint64_t slot) { model().drop(call_, slot); }

  // ---- samples

  /// 64 random bits that depend on the run's seed, the name of this instance, the rank, the number of the
  /// training batch and `stream` alone: the same again when a run is resumed. In every hook with an event
  /// between setup and teardown. Throws KAIROS_E_STATE elsewhere.
  [[nodiscard]] std::uint64_t random(std::uint64_t stream = 0) const {
    std::uint64_t bits = 0;
    check(batch().random(call_, stream, &bits), "drawing a random number");
    return bits;
  }
  /// Number of classes of a target that holds class numbers and may become probabilities (Batch::replace); 0
  /// for any other target, also once a callback has made it probabilities in this batch. Throws
  /// KAIROS_E_RANGE if the model has no such target.
  [[nodiscard]] std::int64_t classes(std::uint32_t target) const {
    std::int64_t count = 0;
    check(batch().classes(call_, target, &count), "reading the number of classes");
    return count;
  }

  // ---- files that no path option names; to be announced in setup

  /// Announces a file that this callback reads. Throws KAIROS_E_DENIED if it is another callback's result.
  /// Does nothing if the host does not offer kairos.files/1.
  void will_read(std::string_view path) const { announce(path, KAIROS_FILE_READ); }
  /// Announces a file that this callback writes. Throws KAIROS_E_DENIED if it would replace data or another
  /// result. Does nothing if the host does not offer kairos.files/1.
  void will_write(std::string_view path) const { announce(path, KAIROS_FILE_WRITE); }

  // ---- other

  /// Name of this instance: the text after '@', or the short name of the callback.
  [[nodiscard]] std::string_view instance_name() const {
    return detail::from_abi(interfaces_.host->instance(interfaces_.host));
  }
  /// Prints a line for the user, prefixed with the instance's name.
  void print(std::string_view text, Level level = Level::Info) const {
    interfaces_.host->log(interfaces_.host, static_cast<std::int32_t>(level), detail::to_abi(text));
  }
  /// Evaluates the expression option with index `option`; `variables` holds `count` values.
  /// Option<Expression> wraps this. Throws KAIROS_E_RANGE for a wrong option or count, KAIROS_E_INVALID if
  /// the formula cannot be evaluated.
  [[nodiscard]] double evaluate(std::uint32_t option, const double* variables, std::uint32_t count) const {
    double value = 0;
    check(need(interfaces_.expressions, KAIROS_EXPRESSIONS).evaluate(call_, option, variables, count, &value),
          "evaluating an expression");
    return value;
  }

 protected:
  [[nodiscard]] const kairos_batch& batch() const { return need(interfaces_.batch, KAIROS_BATCH); }

 private:
  void announce(std::string_view path, std::int32_t access) const {
    if (interfaces_.files == nullptr) return;
    check(interfaces_.files->announce(call_, detail::to_abi(path), access), "choosing a file");
  }
  [[nodiscard]] const kairos_logs& logs() const { return need(interfaces_.logs, KAIROS_LOGS); }
  [[nodiscard]] const kairos_model& model() const { return need(interfaces_.model, KAIROS_MODEL); }
  [[nodiscard]] kairos_log_key log_key(std::uint32_t index) const {
    kairos_log_key key{};
    key.size = sizeof key;
    check(logs().key(call_, index, &key), "reading a key of the logs");
    return key;
  }
};

namespace detail {

template <class Raw>
class EventOf : public Event {
 public:
  EventOf(const Interfaces& interfaces, kairos_call* call, const Raw* raw)
      : Event(interfaces, call), raw_(*raw) {}
  /// The ABI struct; borrowed until the hook returns.
  [[nodiscard]] const Raw& raw() const { return raw_; }

 protected:
  const Raw& raw_;
};

}  // namespace detail

/// A fit, evaluation or prediction.
class Run : public detail::EventOf<kairos_run_event> {
 public:
  using EventOf::EventOf;
  /// A fit, an evaluation or a prediction.
  [[nodiscard]] Mode mode() const { return static_cast<Mode>(raw_.mode); }
  /// True if the state of this instance was restored; on_train_begin must not reset it.
  [[nodiscard]] bool resumed() const { return raw_.resumed != 0; }
  /// True if the run goes on from the saved state of an earlier one, whether or not this callback has any:
  /// one without state then appends to its files.
  [[nodiscard]] bool run_resumed() const { return raw_.run_resumed != 0; }
  /// Number of processes that train together; 1 in a single process.
  [[nodiscard]] std::int32_t world() const { return raw_.world; }
  /// Index after the last epoch (Keras' `epochs`); 0 outside a fit.
  [[nodiscard]] std::int64_t epochs() const { return raw_.epochs; }
  /// Index of the first epoch of this run.
  [[nodiscard]] std::int64_t initial_epoch() const { return raw_.initial_epoch; }
  /// Batches per epoch; outside a fit, all batches. -1 if unknown.
  [[nodiscard]] std::int64_t steps_per_epoch() const { return raw_.steps_per_epoch; }
  /// Training samples; -1 if unknown.
  [[nodiscard]] std::int64_t samples() const { return raw_.samples; }
  /// Validation samples; 0 without validation, -1 if unknown.
  [[nodiscard]] std::int64_t validation_samples() const { return raw_.validation_samples; }
  /// Absolute path of the run directory, which exists from setup on; empty if the run has none.
  [[nodiscard]] std::string_view run_dir() const { return detail::from_abi(raw_.run_dir); }
  /// Only in setup: the run goes on from the newest run checkpoint in a directory; false if there is none. If
  /// the user has named what the run goes on from, that wins. Needs Can::SaveRun. Throws KAIROS_E_DATA for
  /// damaged files, KAIROS_E_IO if another run writes there, KAIROS_E_STATE in other hooks and if another
  /// callback named another directory, KAIROS_E_UNSUPPORTED outside a fit.
  [[nodiscard]] bool resume_from(std::string_view directory) {
    const kairos_status status = runs().resume_from(call_, detail::to_abi(directory));
    if (status != KAIROS_E_NOT_FOUND) check(status, "resuming a run");
    return status == KAIROS_OK;
  }
};

/// An epoch of a fit.
class Epoch : public detail::EventOf<kairos_epoch_event> {
 public:
  using EventOf::EventOf;
  /// Epoch, counted from 0.
  [[nodiscard]] std::int64_t index() const { return raw_.epoch; }
  /// Epoch, counted from 1, for messages and file names.
  [[nodiscard]] std::int64_t number() const { return raw_.epoch + 1; }
  /// Optimizer steps since the model was created.
  [[nodiscard]] std::int64_t step() const { return raw_.step; }
  /// In on_epoch_end: true if a stop left out batches of the epoch.
  [[nodiscard]] bool partial() const { return raw_.partial != 0; }
  /// In on_epoch_end: the rate of this epoch's last step, even if a callback has changed the rate since. In
  /// on_epoch_begin: the current rate. NaN if the optimizer has none.
  [[nodiscard]] double used_learning_rate() const { return raw_.learning_rate; }
};

/// A pass over validation or test data.
class Test : public detail::EventOf<kairos_test_event> {
 public:
  using EventOf::EventOf;
  /// True for the validation inside a fit, false for an evaluation.
  [[nodiscard]] bool in_fit() const { return raw_.in_fit != 0; }
  /// Epoch, counted from 0; -1 outside a fit.
  [[nodiscard]] std::int64_t epoch() const { return raw_.epoch; }
  /// Batches of the pass; -1 if unknown.
  [[nodiscard]] std::int64_t batches() const { return raw_.batches; }
  /// Optimizer steps since the model was created.
  [[nodiscard]] std::int64_t step() const { return raw_.step; }
};

/// The end of a run.
class End : public detail::EventOf<kairos_end_event> {
 public:
  using EventOf::EventOf;
  /// True if all epochs ran.
  [[nodiscard]] bool completed() const { return raw_.why == KAIROS_END_COMPLETED; }
  /// True if a callback requested a stop.
  [[nodiscard]] bool stopped() const { return raw_.why == KAIROS_END_STOPPED; }
  /// True if a signal ended the run, which may be resumed.
  [[nodiscard]] bool interrupted() const { return raw_.why == KAIROS_END_INTERRUPTED; }
  /// Epochs completed in this run.
  [[nodiscard]] std::int64_t epochs_run() const { return raw_.epochs_run; }
  /// Reason of the stop, fault or interrupt; empty if completed.
  [[nodiscard]] std::string_view reason() const { return detail::from_abi(raw_.reason); }
};

/// A file that another callback has saved, or a run checkpoint.
class Checkpoint : public detail::EventOf<kairos_checkpoint_event> {
 public:
  using EventOf::EventOf;
  /// True for a run checkpoint (Event::checkpoint_run), false for a file of the model.
  [[nodiscard]] bool is_run() const { return raw_.content == KAIROS_SAVE_RUN; }
  /// Absolute path; the file is complete. Of a run checkpoint, the directory that was named.
  [[nodiscard]] std::string_view path() const { return detail::from_abi(raw_.path); }
  /// Label of the weights in the file (Event::swap_in); empty for those that are trained.
  [[nodiscard]] std::string_view label() const { return detail::from_abi(raw_.label); }
};

/// An error that ends the run.
class Fault : public detail::EventOf<kairos_fault_event> {
 public:
  using EventOf::EventOf;
  /// The instance that failed; empty if the model or the loop failed.
  [[nodiscard]] std::string_view instance() const { return detail::from_abi(raw_.instance); }
  /// Text of the error.
  [[nodiscard]] std::string_view message() const { return detail::from_abi(raw_.message); }
};

/// A signal that requests the end of the process.
class Interrupt : public detail::EventOf<kairos_interrupt_event> {
 public:
  using EventOf::EventOf;
  /// Number of the signal, such as SIGINT.
  [[nodiscard]] int signal() const { return raw_.signal; }
};

}  // namespace v1
}  // namespace kairos
