// SPDX-License-Identifier: MIT
// What a hook receives: the event's facts, and what the host lets a callback do in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kairos/detail/members.hpp"
#include "kairos/error.hpp"
#include "kairos/tensor.hpp"

namespace kairos {
inline namespace v1 {

enum class SaveContent : std::int32_t { Model = KAIROS_SAVE_MODEL, Weights = KAIROS_SAVE_WEIGHTS };
enum class Level : std::int32_t {
  Debug = KAIROS_LOG_DEBUG,
  Info = KAIROS_LOG_INFO,
  Warning = KAIROS_LOG_WARNING,
  Error = KAIROS_LOG_ERROR
};

namespace detail {

inline kairos_str to_abi(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view from_abi(kairos_str text) {
  return {text.ptr, static_cast<std::size_t>(text.length)};
}

}  // namespace detail

/// Common half of all events. Borrowed until the hook returns. Every function here is for the fit thread;
/// each throws kairos::Error where it fails, which an author may just let pass: the user then reads the
/// host's reason.
class Event {
 public:
  Event(const detail::Interfaces& interfaces, kairos_call* call) : interfaces_(interfaces), call_(call) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // ---- logs

  /// Value of a key in this event. Throws if it does not exist or is not due.
  [[nodiscard]] double metric(std::string_view key) const {
    const std::optional<std::uint32_t> index = find_log(key);
    const std::optional<double> value = index ? log(*index) : std::nullopt;
    if (!value)
      throw Error(KAIROS_E_NOT_FOUND, "the logs of this event have no \"" + std::string(key) + "\"");
    return *value;
  }

  [[nodiscard]] std::uint32_t log_count() const { return logs().count(call_); }
  /// Index of a key, good until the end of the run; empty if the run has no such key.
  [[nodiscard]] std::optional<std::uint32_t> find_log(std::string_view key) const {
    std::uint32_t index = 0;
    if (logs().find(call_, detail::to_abi(key), &index) != KAIROS_OK) return std::nullopt;
    return index;
  }
  /// Value at an index; empty if it is not due in this event.
  [[nodiscard]] std::optional<double> log(std::uint32_t index) const {
    double value = 0;
    if (logs().value(call_, index, &value) != KAIROS_OK) return std::nullopt;
    return value;
  }
  /// Name of a key; borrowed until the callback is destroyed.
  [[nodiscard]] std::string_view log_name(std::uint32_t index) const {
    return detail::from_abi(log_key(index).name);
  }
  [[nodiscard]] std::int32_t log_direction(std::uint32_t index) const { return log_key(index).direction; }

  /// Adds a value to the logs of on_epoch_end. The key stands in `static constexpr auto publishes`, or was
  /// declared in setup.
  void publish(std::string_view key, double value) {
    const std::optional<std::uint32_t> index = find_log(key);
    if (!index)
      throw Error(KAIROS_E_NOT_FOUND,
                  "\"" + std::string(key) + "\" was not declared before it was published");
    check(logs().publish(call_, *index, value), "publishing a value");
  }
  /// In setup: adds a key that depends on options. `direction` is KAIROS_DIRECTION_….
  void declare_log(std::string_view key, std::int32_t direction) {
    std::uint32_t index = 0;
    check(logs().declare(call_, detail::to_abi(key), direction, &index), "declaring a key of the logs");
  }

  // ---- control and optimizer

  /// Asks for the end of the run, with a reason that History and the user see.
  void stop(std::string_view reason) {
    check(need(interfaces_.control, KAIROS_CONTROL).request_stop(call_, detail::to_abi(reason)),
          "asking for a stop");
  }
  [[nodiscard]] bool stop_requested() const {
    return need(interfaces_.control, KAIROS_CONTROL).stop_requested(call_) != 0;
  }

  [[nodiscard]] double learning_rate() const { return hyper("learning_rate"); }
  void set_learning_rate(double rate) { set_hyper("learning_rate", rate); }
  [[nodiscard]] double hyper(std::string_view name) const {
    double value = 0;
    check(need(interfaces_.optimizer, KAIROS_OPTIMIZER).get(call_, detail::to_abi(name), &value),
          "reading a hyper-parameter");
    return value;
  }
  void set_hyper(std::string_view name, double value) {
    check(need(interfaces_.optimizer, KAIROS_OPTIMIZER).set(call_, detail::to_abi(name), value),
          "setting a hyper-parameter");
  }

  // ---- tensors

  [[nodiscard]] std::uint32_t tensor_count(Role role) const {
    return need(interfaces_.tensors, KAIROS_TENSORS).count(call_, static_cast<std::int32_t>(role));
  }
  /// Borrows a tensor until the hook returns.
  [[nodiscard]] Tensor tensor(Role role, std::uint32_t index, Access access = Access::Read) const {
    kairos_tensor out{};
    out.size = sizeof out;
    check(need(interfaces_.tensors, KAIROS_TENSORS)
              .borrow(call_, static_cast<std::int32_t>(role), index, static_cast<std::int32_t>(access), &out),
          "borrowing a tensor");
    return Tensor(out);
  }

  // ---- model

  /// Writes a checkpoint; the ending of `path` chooses the format.
  void save(std::string_view path, SaveContent content) {
    check(model().save(call_, detail::to_abi(path), static_cast<std::int32_t>(content)), "saving the model");
  }
  /// The same from a copy of the model's values, written while training goes on. Failures come at the end of
  /// an epoch or of the training, as one of this instance.
  void save_in_background(std::string_view path, SaveContent content) {
    check(model().save_in_background(call_, detail::to_abi(path), static_cast<std::int32_t>(content)),
          "saving the model in the background");
  }
  /// Throws unless `save` could write such a file.
  void require_can_save(std::string_view path, SaveContent content) const {
    check(model().can_save(call_, detail::to_abi(path), static_cast<std::int32_t>(content)),
          "checking the path");
  }
  void load_weights(std::string_view path) {
    check(model().load_weights(call_, detail::to_abi(path)), "loading weights");
  }
  /// Keras JSON; borrowed until the hook returns.
  [[nodiscard]] std::string_view architecture() const {
    kairos_str text{};
    check(model().architecture(call_, &text), "reading the architecture");
    return detail::from_abi(text);
  }
  /// See Snapshot, which is the comfortable way to these three.
  void snapshot(std::uint64_t& slot) { check(model().snapshot(call_, &slot), "remembering the weights"); }
  void rollback(std::uint64_t slot) { check(model().rollback(call_, slot), "restoring the weights"); }
  void drop(std::uint64_t slot) { model().drop(call_, slot); }

  // ---- files that no option names by itself; said in setup

  /// Throws where another's result would take the place of a file that this callback reads. A host that
  /// does not watch over files says nothing.
  void will_read(std::string_view path) const { announce(path, KAIROS_FILE_READ); }
  /// Throws where a file that this callback writes would take the place of data or of another result.
  void will_write(std::string_view path) const { announce(path, KAIROS_FILE_WRITE); }

  // ---- the rest

  /// A line for the user.
  void print(std::string_view text, Level level = Level::Info) const {
    interfaces_.host->log(interfaces_.host, static_cast<std::int32_t>(level), detail::to_abi(text));
  }
  [[nodiscard]] double evaluate(std::uint32_t option, const double* variables, std::uint32_t count) const {
    double value = 0;
    check(need(interfaces_.expressions, KAIROS_EXPRESSIONS).evaluate(call_, option, variables, count, &value),
          "evaluating an expression");
    return value;
  }
  /// Position among the processes that train together; 0 of 1 when alone.
  [[nodiscard]] std::int32_t rank() const {
    return interfaces_.dist == nullptr ? 0 : interfaces_.dist->rank(interfaces_.host);
  }

 private:
  void announce(std::string_view path, std::int32_t access) const {
    if (interfaces_.files == nullptr) return;
    check(interfaces_.files->announce(call_, detail::to_abi(path), access), "choosing a file");
  }
  template <class Interface>
  static const Interface& need(const Interface* interface, const char* id) {
    if (interface == nullptr)
      throw Error(KAIROS_E_UNSUPPORTED, std::string("this host does not offer ") + id);
    return *interface;
  }
  [[nodiscard]] const kairos_logs& logs() const { return need(interfaces_.logs, KAIROS_LOGS); }
  [[nodiscard]] const kairos_model& model() const { return need(interfaces_.model, KAIROS_MODEL); }
  [[nodiscard]] kairos_log_key log_key(std::uint32_t index) const {
    kairos_log_key key{};
    key.size = sizeof key;
    check(logs().key(call_, index, &key), "reading a key of the logs");
    return key;
  }
  static void check(kairos_status status, const char* doing) {
    if (status != KAIROS_OK) throw HostError(status, doing);
  }

  const detail::Interfaces& interfaces_;
  kairos_call* call_;
};

namespace detail {

template <class Raw>
class EventOf : public Event {
 public:
  EventOf(const Interfaces& interfaces, kairos_call* call, const Raw* raw)
      : Event(interfaces, call), raw_(*raw) {}
  /// The struct as the ABI has it.
  [[nodiscard]] const Raw& raw() const { return raw_; }

 protected:
  const Raw& raw_;
};

}  // namespace detail

/// A fit, evaluation or prediction as a whole.
class Run : public detail::EventOf<kairos_run_event> {
 public:
  using EventOf::EventOf;
  [[nodiscard]] bool resumed() const { return raw_.resumed != 0; }
  [[nodiscard]] std::int64_t epochs() const { return raw_.epochs; }
  [[nodiscard]] std::int64_t initial_epoch() const { return raw_.initial_epoch; }
  [[nodiscard]] std::int64_t steps_per_epoch() const { return raw_.steps_per_epoch; }
  [[nodiscard]] std::int64_t samples() const { return raw_.samples; }
  [[nodiscard]] std::int64_t validation_samples() const { return raw_.validation_samples; }
  [[nodiscard]] std::string_view run_dir() const { return detail::from_abi(raw_.run_dir); }
};

class Epoch : public detail::EventOf<kairos_epoch_event> {
 public:
  using EventOf::EventOf;
  /// Counted from 0.
  [[nodiscard]] std::int64_t index() const { return raw_.epoch; }
  /// Counted from 1, as messages and file names do.
  [[nodiscard]] std::int64_t number() const { return raw_.epoch + 1; }
  [[nodiscard]] std::int64_t step() const { return raw_.step; }
  [[nodiscard]] bool partial() const { return raw_.partial != 0; }
  /// In on_epoch_end the rate that this epoch used, whatever other callbacks have set since; NaN without an
  /// optimizer.
  [[nodiscard]] double used_learning_rate() const { return raw_.learning_rate; }
};

class Batch : public detail::EventOf<kairos_batch_event> {
 public:
  using EventOf::EventOf;
  [[nodiscard]] std::int64_t epoch() const { return raw_.epoch; }
  [[nodiscard]] std::int64_t index() const { return raw_.batch; }
  [[nodiscard]] std::int64_t count() const { return raw_.batches; }
  [[nodiscard]] std::int64_t step() const { return raw_.step; }
  [[nodiscard]] std::int64_t samples() const { return raw_.samples; }
};

class Test : public detail::EventOf<kairos_test_event> {
 public:
  using EventOf::EventOf;
  [[nodiscard]] bool in_fit() const { return raw_.in_fit != 0; }
  [[nodiscard]] std::int64_t epoch() const { return raw_.epoch; }
  [[nodiscard]] std::int64_t batches() const { return raw_.batches; }
  [[nodiscard]] std::int64_t step() const { return raw_.step; }
};

class End : public detail::EventOf<kairos_end_event> {
 public:
  using EventOf::EventOf;
  [[nodiscard]] bool completed() const { return raw_.why == KAIROS_END_COMPLETED; }
  [[nodiscard]] bool stopped() const { return raw_.why == KAIROS_END_STOPPED; }
  [[nodiscard]] std::int64_t epochs_run() const { return raw_.epochs_run; }
  [[nodiscard]] std::string_view reason() const { return detail::from_abi(raw_.reason); }
};

class Checkpoint : public detail::EventOf<kairos_checkpoint_event> {
 public:
  using EventOf::EventOf;
  [[nodiscard]] std::string_view path() const { return detail::from_abi(raw_.path); }
};

class Fault : public detail::EventOf<kairos_fault_event> {
 public:
  using EventOf::EventOf;
  [[nodiscard]] std::string_view instance() const { return detail::from_abi(raw_.instance); }
  [[nodiscard]] std::string_view message() const { return detail::from_abi(raw_.message); }
};

class Interrupt : public detail::EventOf<kairos_interrupt_event> {
 public:
  using EventOf::EventOf;
  [[nodiscard]] int signal() const { return raw_.signal; }
};

}  // namespace v1
}  // namespace kairos
