// SPDX-License-Identifier: MIT
// Drives one callback through a training, without a trainer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/testing/instance.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {

/// A hook of the callback has failed.
class Failure : public std::runtime_error {
 public:
  Failure(std::string_view hook, const Outcome& outcome)
      : runtime_error(std::string(hook) + ": " + outcome.reason + " (status " +
                      std::to_string(outcome.status) + ')'),
        status_(outcome.status),
        reason_(outcome.reason) {}
  [[nodiscard]] kairos_status status() const noexcept { return status_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  kairos_status status_;
  std::string reason_;
};

/// The value of a log: {"val_loss", 0.5}.
struct LogValue {
  std::string name;
  double value;
};
using Logs = std::vector<LogValue>;

/// One training:
///
///   kairos::testing::Fit fit(kairos::testing::callback<Mine>(), {{"patience", 2}});
///   fit.epoch({{"loss", 1.0}, {"val_loss", 1.2}});
///   fit.end();
///
/// Functions throw Failure if a hook of the callback fails, std::invalid_argument for options that a host
/// would reject, and std::logic_error for calls in an order that no training has.
class Fit {
 public:
  explicit Fit(const kairos_callback& callback, const Settings& settings = {}, std::string name = "instance")
      : instance_(host_, callback, settings, std::move(name)) {
    event_.mode = KAIROS_MODE_FIT;
    event_.world = 1;
    event_.epochs = 100;
    event_.steps_per_epoch = 1;
    event_.batch_size = 32;
    event_.samples = 32;
    event_.run_dir = {"", 0};
  }
  /// Ends the training without looking at failures.
  ~Fit() {
    if (set_up_ && !ended_) static_cast<void>(instance_.teardown(end_event(KAIROS_END_FAULT)));
  }
  Fit(const Fit&) = delete;
  Fit& operator=(const Fit&) = delete;

  [[nodiscard]] Host& host() { return host_; }
  [[nodiscard]] Instance& instance() { return instance_; }
  /// What setup and on_train_begin receive; to be changed before.
  [[nodiscard]] kairos_run_event& run_event() { return event_; }

  /// create and setup. The log keys that setup shall see are added before, with host().log(key, {}).
  void setup() {
    if (set_up_) throw std::logic_error("setup was called already");
    check("create", instance_.create());
    check("setup", instance_.setup(event_));
    set_up_ = true;
    if (host_.resumed_from) go_on_from(host_.run_checkpoints.at(*host_.resumed_from));
  }
  /// Restores state that another training saved. Before the first epoch.
  void restore(const State& state) {
    if (begun_) throw std::logic_error("state is restored before the first epoch");
    if (!set_up_) setup();
    check("state_load", instance_.load(state));
    event_.resumed = event_.run_resumed = 1;
  }
  /// on_train_begin. The functions below call it, and setup, if that has not been done.
  void begin() {
    if (begun_ || ended_) throw std::logic_error("the training has begun already");
    if (!set_up_) setup();
    begun_ = true;
    epoch_ = event_.initial_epoch;
    stand(epoch_, batch_);
    clear_logs();
    check("on_train_begin", instance_.on_train_begin(event_));
  }

  /// A whole epoch of one batch. Logs that begin with val_ come from a validation, for which the hooks of a
  /// test are called; the batch has the others.
  void epoch(const Logs& logs = {}) {
    Logs training, validation;
    for (const LogValue& log : logs) (log.name.substr(0, 4) == "val_" ? validation : training).push_back(log);
    begin_epoch();
    batch(training);
    if (!validation.empty()) test(validation);
    end_epoch(logs);
  }
  void begin_epoch() {
    require_begun();
    if (open_) throw std::logic_error("the epoch before has not ended");
    if (host_.stop_reason)
      throw std::logic_error("a host begins no epoch after a stop: " + *host_.stop_reason);
    open_ = true;
    batch_ = 0;
    host_.position.pass = epoch_;
    stand(epoch_, 0);
    clear_logs();
    check("on_epoch_begin", instance_.on_epoch_begin(epoch_event()));
  }
  /// on_train_batch_begin, on_backward_end (if the batch is the last one of its step) and on_train_batch_end.
  /// Gradients, inputs and so on are set in host().tensors before; what the callback makes of a batch is
  /// there afterwards.
  void batch(const Logs& logs = {}) {
    require_begun();  // perhaps inside an epoch, if the callback resumes a run
    if (!open_) begin_epoch();
    const kairos_batch_event event = batch_event();
    clear_logs();
    host_.end_swaps();
    host_.soft_targets.clear();
    begin_step();
    check("on_train_batch_begin", instance_.on_train_batch_begin(event));
    const bool stepped = ++in_step_ == step_size_ && make_step(event);
    used_rate_ = learning_rate();
    set_logs(logs);
    kairos_batch_event end = batch_event();
    end.stepped = stepped ? 1 : 0;
    stand(epoch_, batch_ + 1);
    check("on_train_batch_end", instance_.on_train_batch_end(end));
    ++batch_;
    ++host_.training_batch;
    save_runs();
  }
  /// A validation of one batch.
  void test(const Logs& logs = {}) {
    require_begun();
    kairos_test_event event{};
    event.in_fit = 1;
    event.epoch = epoch_;
    event.batches = 1;
    event.step = step_;
    clear_logs();
    check("on_test_begin", instance_.on_test_begin(event));
    kairos_batch_event batch = batch_event();
    batch.batch = 0;
    check("on_test_batch_begin", instance_.on_test_batch_begin(batch));
    set_logs(logs);
    check("on_test_batch_end", instance_.on_test_batch_end(batch));
    check("on_test_end", instance_.on_test_end(event));
  }
  void end_epoch(const Logs& logs = {}) {
    if (!open_) throw std::logic_error("no epoch has begun");
    open_ = false;
    set_logs(logs);
    stand(epoch_ + 1, 0);
    check_and_end_swaps("on_epoch_end", instance_.on_epoch_end(epoch_event()));
    ++epoch_;
    save_runs();
  }

  /// on_train_end, with the logs of the last epoch, and teardown. Then the instance is destroyed.
  void end() {
    require_begun();
    const kairos_end_event event = end_event(interrupted_        ? KAIROS_END_INTERRUPTED
                                             : host_.stop_reason ? KAIROS_END_STOPPED
                                                                 : KAIROS_END_COMPLETED);
    check_and_end_swaps("on_train_end", instance_.on_train_end(event));
    save_runs();
    tear_down(event);
  }
  /// The model or another callback has failed: on_fault and teardown.
  void fault(const std::string& message) {
    require_begun();
    kairos_fault_event event{};
    event.status = KAIROS_E_INTERNAL;
    event.hook = {"", 0};
    event.instance = {"", 0};
    event.message = detail::to_abi(message);
    clear_logs();
    host_.end_swaps();
    host_.ending = true;
    check("on_fault", instance_.on_fault(event));
    reason_ = message;
    tear_down(end_event(KAIROS_END_FAULT));
  }
  /// A signal has arrived: on_interrupt. end() follows.
  void interrupt(int signal) {
    require_begun();
    interrupted_ = true;
    host_.end_swaps();
    host_.ending = true;
    reason_ = "interrupted";
    kairos_interrupt_event event{};
    event.signal = signal;
    check("on_interrupt", instance_.on_interrupt(event));
  }
  /// Another callback has published an artifact.
  void artifact(ArtifactData data, const std::string& publisher = "another") {
    require_begun();
    kairos_artifact artifact{};
    artifact.kind = data.kind;
    artifact.epoch = open_ ? epoch_ : -1;
    artifact.step = step_;
    artifact.name = detail::to_abi(data.name);
    artifact.publisher = detail::to_abi(publisher);
    artifact.media_type = detail::to_abi(data.media_type);
    artifact.text = detail::to_abi(data.text);
    artifact.row_names = detail::to_abi(data.row_names);
    artifact.column_names = detail::to_abi(data.column_names);
    const bool bytes = data.kind == KAIROS_ARTIFACT_IMAGE;
    artifact.data.device = {1, 0};
    artifact.data.rank = static_cast<std::int32_t>(data.shape.size());
    artifact.data.dtype = bytes ? kairos_dtype{1, 8, 1} : kairos_dtype{2, 64, 1};
    artifact.data.shape = data.shape.data();
    artifact.data.data = bytes ? static_cast<void*>(data.pixels.data()) : data.numbers.data();
    check("on_artifact", instance_.on_artifact(artifact));
  }
  /// Another callback has saved a file.
  void checkpoint_saved(const std::string& path, SaveContent content = SaveContent::Model,
                        const std::string& label = "") {
    require_begun();
    kairos_checkpoint_event event{};
    event.content = static_cast<std::int32_t>(content);
    event.path = detail::to_abi(path);
    event.saved_by = {"another", 7};
    event.label = detail::to_abi(label);
    check("on_checkpoint_saved", instance_.on_checkpoint_saved(event));
  }

  /// The state as a host saves it. Throws Failure if the callback writes other bytes for the same state.
  [[nodiscard]] State state() {
    if (ended_) throw std::logic_error("the training has ended; save its state before");
    if (!set_up_) setup();
    State first, second;
    check("state_save", instance_.save(first));
    check("state_save", instance_.save(second));
    if (first.bytes != second.bytes)
      throw Failure("state_save", {KAIROS_E_DATA, "wrote other bytes for the same state"});
    return first;
  }

  [[nodiscard]] bool stopped() const { return host_.stop_reason.has_value(); }
  /// Empty if no stop was requested.
  [[nodiscard]] std::string stop_reason() const { return host_.stop_reason.value_or(""); }
  /// Epochs that have ended.
  [[nodiscard]] std::int64_t epochs_run() const { return epoch_ - event_.initial_epoch; }
  [[nodiscard]] double learning_rate() const {
    const auto found = host_.hyper.find("learning_rate");
    return found == host_.hyper.end() ? static_cast<double>(unset) : found->second;
  }
  /// The last published value of a key; empty if there is none.
  [[nodiscard]] std::optional<double> published(const std::string& key) const {
    const auto found = host_.published.find(key);
    return found == host_.published.end() ? std::nullopt : std::optional<double>(found->second.back());
  }

 private:
  void go_on_from(const Position& position) {
    event_.run_resumed = 1;
    event_.initial_epoch = position.epoch;
    open_ = position.batch > 0;  // inside the epoch, whose begin was in the training before
    batch_ = position.batch;
    step_ = position.step;
    host_.position = position;
  }
  void stand(std::int64_t epoch, std::int64_t batch) {
    const bool ends = event_.steps_per_epoch > 0 && batch >= event_.steps_per_epoch;
    host_.position = {ends ? epoch + 1 : epoch, ends ? 0 : batch, step_, host_.position.pass};
  }
  /// Run checkpoints that the callback has asked for in its hook.
  void save_runs() {
    const std::vector<std::string> directories = std::move(host_.run_requests);
    host_.run_requests.clear();
    for (const std::string& directory : directories) {
      host_.runs_saved.push_back({directory, host_.position});
      host_.run_checkpoints[directory] = host_.position;
      kairos_checkpoint_event event{};
      event.content = KAIROS_SAVE_RUN;
      event.path = detail::to_abi(directory);
      event.saved_by = detail::to_abi(host_.instance_name());
      event.label = {"", 0};
      check("on_checkpoint_saved", instance_.on_checkpoint_saved(event));
    }
  }
  /// The first batch of a step decides how many it has: at most those left in the epoch.
  void begin_step() {
    if (batch_ != 0 && in_step_ != step_size_) return;
    in_step_ = 0;
    const std::int64_t left = event_.steps_per_epoch - batch_;
    step_size_ = std::min<std::int64_t>(host_.accumulated, left < 1 ? 1 : left);
  }
  /// on_backward_end; false if it discarded the step.
  bool make_step(const kairos_batch_event& event) {
    host_.discarded = false;
    check("on_backward_end", instance_.on_backward_end(event));
    ++host_.generation;
    if (!host_.discarded) ++step_;
    return !host_.discarded;
  }
  static void check(std::string_view hook, const Outcome& outcome) {
    if (outcome.status != KAIROS_OK) throw Failure(hook, outcome);
  }
  /// What the callback has swapped in is taken out after these hooks.
  void check_and_end_swaps(std::string_view hook, const Outcome& outcome) {
    host_.end_swaps();
    check(hook, outcome);
  }
  void require_begun() {
    if (ended_) throw std::logic_error("the training has ended");
    if (!begun_) begin();
  }
  void clear_logs() {
    for (Log& log : host_.logs) log.value.reset();
  }
  void set_logs(const Logs& logs) {
    clear_logs();
    for (const LogValue& log : logs) host_.log(log.name, log.value);
  }
  void tear_down(const kairos_end_event& event) {
    ended_ = true;
    const Outcome outcome = instance_.teardown(event);
    instance_.destroy();
    check("teardown", outcome);
  }
  [[nodiscard]] kairos_epoch_event epoch_event() const {
    kairos_epoch_event event{};
    event.epoch = epoch_;
    event.step = step_;
    event.learning_rate = open_ || batch_ == 0 ? learning_rate() : used_rate_;
    event.partial = !open_ && host_.stop_reason && batch_ < event_.steps_per_epoch ? 1 : 0;
    return event;
  }
  [[nodiscard]] kairos_batch_event batch_event() const {
    kairos_batch_event event{};
    event.epoch = epoch_;
    event.batch = batch_;
    event.batches = event_.steps_per_epoch;
    event.step = step_;
    event.samples = event_.batch_size;
    return event;
  }
  [[nodiscard]] kairos_end_event end_event(std::int32_t why) const {
    const std::string& reason = host_.stop_reason ? *host_.stop_reason : reason_;
    kairos_end_event event{};
    event.why = why;
    event.epochs_run = epochs_run();
    event.step = step_;
    event.reason = detail::to_abi(reason);
    event.stopped_by = host_.stop_reason ? detail::to_abi(host_.instance_name()) : kairos_str{"", 0};
    return event;
  }

  Host host_;
  Instance instance_;
  kairos_run_event event_{};
  std::string reason_;
  std::int64_t epoch_ = 0;
  std::int64_t batch_ = 0;
  std::int64_t step_ = 0;
  std::int64_t in_step_ = 1, step_size_ = 1;  ///< batches of the current step, trained and in all
  double used_rate_ = 0;
  bool set_up_ = false;
  bool begun_ = false;
  bool open_ = false;
  bool ended_ = false;
  bool interrupted_ = false;
};

}  // namespace testing
}  // namespace v1
}  // namespace kairos
