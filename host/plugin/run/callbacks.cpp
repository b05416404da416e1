// SPDX-License-Identifier: MIT
// Turns the calls of a loop into events.
#include "kairos/host/callbacks.hpp"

#include <algorithm>
#include <utility>

#include "plugin/run/creation.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

using namespace stages;

namespace {

/// For calls that are not made for every batch: in order, and on the thread of the callbacks.
void require(Session& session, std::uint32_t allowed, const char* call) {
  require_thread(session.thread == std::this_thread::get_id(), call);
  session.order.require(allowed, call);
}

LogBoard::Pass test_pass(const Session& session) {
  return session.facts.training ? LogBoard::Pass::Validation : LogBoard::Pass::Training;
}

}  // namespace

Callbacks::Callbacks(const Catalog& catalog, std::span<const PluginSpec> specs, TrainingTarget& target,
                     CallbacksOptions options)
    : session_(std::make_unique<Session>(target, std::move(options))) {
  create_instances(*session_, catalog, specs);
}

Callbacks::~Callbacks() = default;

void Callbacks::setup(const RunInfo& run) {
  Session& s = *session_;
  require(s, Created, "setup");
  s.run_directory.emplace(s.facts.directory);
  s.order.enter(Ready);
  s.facts.run = run;
  const kairos_run_event event = s.facts.run_event();
  for (Instance* instance : s.ordered()) {
    if (instance->manifest.phase > KAIROS_PHASE_MEASURE) check_late_metrics(s);
    HookList one{s.hooks.setup.name, {}};
    if (instance->hooks.setup != nullptr) one.listeners.push_back(instance);
    s.dispatch(one, &kairos_hooks::setup, event, Moment::SetUp);
    instance->is_set_up = true;
  }
  check_late_metrics(s);
  if (s.run_requests.resumer == nullptr) return;
  s.facts.run.resumed = true;
  s.facts.run.initial_epoch = s.run_requests.initial_epoch;
}

std::string Callbacks::save_state() {
  require(*session_, any_stage, "save_state");
  return session_->states.save();
}
std::string Callbacks::rescue_state() {
  require(*session_, any_stage, "rescue_state");
  return session_->states.rescue();
}
void Callbacks::load_state(std::string_view bytes) {
  require(*session_, Ready, "load_state");
  session_->states.load(bytes);
}

RunMemory Callbacks::memory() const {
  RunMemory memory{session_->facts.epochs_run, session_->facts.stop, session_->epoch_values, {}};
  for (const auto& instance : session_->instances)
    if (instance->disabled) memory.disabled.push_back(instance->name);
  return memory;
}
void Callbacks::restore(RunMemory memory, std::vector<std::filesystem::path> saved_files) {
  Session& s = *session_;
  require(s, Ready, "restore");
  s.facts.epochs_run = memory.epochs_run;
  if (memory.stop) s.facts.stop = std::move(memory.stop);
  // Other plugins publish other keys.
  if (memory.epoch_values.size() == s.board.keys().size()) s.epoch_values = std::move(memory.epoch_values);
  for (const auto& instance : s.instances)
    if (std::ranges::find(memory.disabled, instance->name) != memory.disabled.end())
      s.failures.keep_disabled(*instance);
  s.checkpoints.restore(std::move(saved_files));
}

void Callbacks::train_begin() {
  Session& s = *session_;
  require(s, Ready, "train_begin");
  s.run_directory->keep();
  s.order.enter(Training);
  s.facts.training = true;
  s.dispatch(s.hooks.on_train_begin, &kairos_hooks::on_train_begin, s.facts.run_event(), Moment::Running);
}

void Callbacks::epoch_begin(std::int64_t epoch, std::optional<std::int64_t> batches) {
  Session& s = *session_;
  require(s, Training, "epoch_begin");
  s.order.next_epoch(epoch);
  s.order.enter(InEpoch);
  s.order.restart_batches();
  s.facts.epoch = epoch;
  s.facts.batches = batches.value_or(s.facts.run.steps_per_epoch);
  s.board.clear();
  s.dispatch(s.hooks.on_epoch_begin, &kairos_hooks::on_epoch_begin, s.facts.epoch_event(false),
             Moment::Running);
}

void Callbacks::epoch_resume(std::int64_t epoch, std::int64_t trained, std::optional<std::int64_t> batches) {
  Session& s = *session_;
  require(s, Training, "epoch_resume");
  s.order.next_epoch(epoch);
  s.order.enter(InEpoch);
  s.order.restart_batches(trained);
  s.facts.epoch = epoch;
  s.facts.batches = batches.value_or(s.facts.run.steps_per_epoch);
  s.board.clear();
}

void Callbacks::train_batch_begin(std::int64_t batch, std::int64_t samples, CurrentBatch* current) {
  Session& s = *session_;
  s.order.require(InEpoch, "train_batch_begin");
  s.order.next_batch(batch, "train_batch_begin");
  s.order.enter(InBatch);
  if (!s.weights.empty()) [[unlikely]]
    s.weights.end();  // after a test in the middle of the epoch: the optimizer sees the trained weights alone
  s.facts.begin_batch(batch, samples);
  s.facts.training_batch = s.target.training_batches();
  s.current_batch = current;
  s.dispatch(s.hooks.on_train_batch_begin, &kairos_hooks::on_train_batch_begin, s.facts.batch,
             Moment::Running);
  s.facts.steps_before = s.target.iterations();
}

void Callbacks::gradients_ready() {
  Session& s = *session_;
  s.order.require(InBatch, "gradients_ready");
  s.order.enter(HasGradients);
  s.dispatch(s.hooks.on_backward_end, &kairos_hooks::on_backward_end, s.facts.batch, Moment::Running);
  s.facts.steps_before = s.target.iterations();  // a hook may have written the count
}

void Callbacks::train_batch_end(LogSource& logs) {
  Session& s = *session_;
  s.order.require(InBatch | HasGradients, "train_batch_end");
  require_values(logs, s.board.per_pass(), "train_batch_end");
  s.order.enter(InEpoch);
  ++s.generation;
  s.facts.batch.step = s.target.iterations();
  s.facts.batch.stepped = s.facts.batch.step != s.facts.steps_before ? 1 : 0;
  if (s.hooks.on_train_batch_end.listeners.empty()) return;
  s.board.clear();
  s.board.offer(LogBoard::Pass::Training, logs);
  s.dispatch(s.hooks.on_train_batch_end, &kairos_hooks::on_train_batch_end, s.facts.batch, Moment::Running);
  s.board.clear();
}

void Callbacks::test_begin(std::int64_t batches) {
  Session& s = *session_;
  require(s, InEpoch | Ready | Trained, "test_begin");
  s.run_directory->keep();
  if (s.facts.training) require_validation(s.options.validates, "test_begin");
  s.order.begin_pass(s.facts.training ? Validating : Testing);
  s.facts.batches = batches;
  s.dispatch(s.hooks.on_test_begin, &kairos_hooks::on_test_begin, s.facts.test_event(), Moment::Running);
}

void Callbacks::test_batch_begin(std::int64_t batch, std::int64_t samples, CurrentBatch* current) {
  Session& s = *session_;
  s.order.require(Validating | Testing, "test_batch_begin");
  s.order.next_pass_batch(batch, "test_batch_begin");
  s.order.enter(s.facts.training ? ValidatingBatch : TestingBatch);
  s.facts.begin_batch(batch, samples);
  s.current_batch = current;
  s.dispatch(s.hooks.on_test_batch_begin, &kairos_hooks::on_test_batch_begin, s.facts.batch, Moment::Running);
}

void Callbacks::test_batch_end(LogSource& logs) {
  Session& s = *session_;
  s.order.require(ValidatingBatch | TestingBatch, "test_batch_end");
  require_values(logs, s.board.per_pass(), "test_batch_end");
  s.order.enter(s.facts.training ? Validating : Testing);
  ++s.generation;
  if (s.hooks.on_test_batch_end.listeners.empty()) return;
  s.board.clear();
  s.board.offer(test_pass(s), logs);
  s.dispatch(s.hooks.on_test_batch_end, &kairos_hooks::on_test_batch_end, s.facts.batch, Moment::Running);
  s.board.clear();
}

void Callbacks::test_end(LogSource& logs) {
  Session& s = *session_;
  require(s, Validating | Testing, "test_end");
  require_values(logs, s.board.per_pass(), "test_end");
  s.order.end_pass();
  s.board.clear();
  s.board.offer(test_pass(s), logs);
  s.dispatch(s.hooks.on_test_end, &kairos_hooks::on_test_end, s.facts.test_event(), Moment::Running);
  if (!s.facts.training) {
    s.weights.end();
    s.epoch_values = s.board.values();
  }
  s.board.clear();
}

void Callbacks::epoch_end(LogSource& training, LogSource* validation, bool partial) {
  Session& s = *session_;
  require(s, InEpoch, "epoch_end");
  require_values(training, s.board.per_pass(), "epoch_end");
  if (validation != nullptr) {
    require_validation(s.options.validates, "epoch_end");
    require_values(*validation, s.board.per_pass(), "epoch_end");
  }
  s.order.enter(Training);
  s.checkpoints.settle(BackgroundSave::Waiting::No);
  s.process.compare_epoch(s.ordered());
  s.board.clear();
  s.board.offer(LogBoard::Pass::Training, training);
  if (validation != nullptr) s.board.offer(LogBoard::Pass::Validation, *validation);
  const kairos_epoch_event event = s.facts.epoch_event(partial);
  s.facts.used_rate = event.learning_rate;
  if (s.options.ranks == nullptr) {
    s.dispatch(s.hooks.on_epoch_end, &kairos_hooks::on_epoch_end, event, Moment::EpochEnd);
  } else {
    // What is measured may differ between ranks; what is decided may not.
    const auto [measuring, others] = s.hooks.divided(s.hooks.on_epoch_end);
    s.dispatch(measuring, &kairos_hooks::on_epoch_end, event, Moment::EpochEnd);
    s.board.share(*s.options.ranks);
    s.dispatch(others, &kairos_hooks::on_epoch_end, event, Moment::EpochEnd);
  }
  s.weights.end();
  s.epoch_values = s.board.values();
  ++s.facts.epochs_run;
}

void Callbacks::train_end(RunEnd why) {
  Session& s = *session_;
  // An interrupted run may end anywhere.
  require(s, why == RunEnd::Completed ? Training : Training | inside_epoch, "train_end");
  s.order.enter(Trained);
  s.weights.end();  // of a validation that was cut short
  s.checkpoints.settle(BackgroundSave::Waiting::Yes);
  if (!s.epoch_values.empty()) s.board.restore(s.epoch_values);
  s.dispatch(s.hooks.on_train_end, &kairos_hooks::on_train_end, s.facts.end_event(why), Moment::Running);
  s.weights.end();
  s.checkpoints.settle(BackgroundSave::Waiting::Yes);  // one that a hook has just started
  s.facts.training = false;
  s.facts.epoch = -1;
}

void Callbacks::predict_begin() {
  Session& s = *session_;
  require(s, Ready | Trained, "predict_begin");
  s.run_directory->keep();
  s.order.begin_pass(Predicting);
  s.facts.batches = s.facts.run.steps_per_epoch;
  s.dispatch(s.hooks.on_predict_begin, &kairos_hooks::on_predict_begin, s.facts.run_event(), Moment::Running);
}

void Callbacks::predict_batch_begin(std::int64_t batch, std::int64_t samples, CurrentBatch* current) {
  Session& s = *session_;
  s.order.require(Predicting, "predict_batch_begin");
  s.order.next_pass_batch(batch, "predict_batch_begin");
  s.order.enter(PredictingBatch);
  s.facts.begin_batch(batch, samples);
  s.current_batch = current;
  s.dispatch(s.hooks.on_predict_batch_begin, &kairos_hooks::on_predict_batch_begin, s.facts.batch,
             Moment::Running);
}

void Callbacks::predict_batch_end() {
  Session& s = *session_;
  s.order.require(PredictingBatch, "predict_batch_end");
  s.order.enter(Predicting);
  ++s.generation;
  s.dispatch(s.hooks.on_predict_batch_end, &kairos_hooks::on_predict_batch_end, s.facts.batch,
             Moment::Running);
}

void Callbacks::predict_end() {
  Session& s = *session_;
  require(s, Predicting, "predict_end");
  s.order.end_pass();
  s.dispatch(s.hooks.on_predict_end, &kairos_hooks::on_predict_end, s.facts.end_event(RunEnd::Completed),
             Moment::Running);
  s.weights.end();
}

void Callbacks::fault(std::string_view instance, std::string_view hook, std::string_view message) {
  Session& s = *session_;
  if (s.finished()) return;
  s.weights.end();
  s.cancel_tasks(RunEnd::Fault);
  s.board.clear();
  s.facts.end_reason = message;
  if (instance.empty()) {
    instance = s.failures.fatal().instance;
    hook = s.failures.fatal().hook;
  }
  const kairos_fault_event event{sizeof event,
                                 s.failures.fatal().status,
                                 {instance.data(), instance.size()},
                                 {hook.data(), hook.size()},
                                 {message.data(), message.size()}};
  for (Instance* listener : s.hooks.on_fault.listeners) {
    if (listener->name == instance || !listener->is_set_up) continue;
    HookList one{s.hooks.on_fault.name, {listener}};
    try {
      s.dispatch(one, &kairos_hooks::on_fault, event, Moment::Running);
    } catch (const std::exception& error) {
      s.message(Level::Error, listener->name, error.what());
    }
  }
}

void Callbacks::interrupt(int signal) {
  Session& s = *session_;
  require(s, any_stage, "interrupt");
  s.weights.end();
  s.facts.end_reason = "signal " + std::to_string(signal);
  s.cancel_tasks(RunEnd::Interrupted);
  const kairos_interrupt_event event{sizeof event, signal};
  s.dispatch(s.hooks.on_interrupt, &kairos_hooks::on_interrupt, event, Moment::Running);
}

void Callbacks::finish(RunEnd why) {
  require_thread(session_->thread == std::this_thread::get_id(), "finish");
  session_->order.enter(Finished);
  session_->finish(why);
}

bool Callbacks::may_save_runs() const noexcept {
  return std::ranges::any_of(session_->instances, [](const auto& instance) {
    return (instance->manifest.capabilities & KAIROS_CAN_SAVE_RUN) != 0;
  });
}
void Callbacks::run_saved(const std::filesystem::path& directory) {
  Session& s = *session_;
  require(s, any_stage, "run_saved");
  const std::string path = directory.string(), author = s.run_requests.askers.at(directory)->name;
  const kairos_checkpoint_event event{
      sizeof event, KAIROS_SAVE_RUN, {path.data(), path.size()}, {author.data(), author.size()}, {"", 0}};
  s.dispatch(s.hooks.on_checkpoint_saved, &kairos_hooks::on_checkpoint_saved, event, Moment::Running);
}
void Callbacks::run_not_saved(const std::filesystem::path& directory, std::string_view why) {
  Session& s = *session_;
  require(s, any_stage, "run_not_saved");
  kairos_call call(&s, s.run_requests.askers.at(directory), "writing a run checkpoint", Moment::Running);
  call.reason = why;
  if (!call.instance->disabled) s.failed(call, KAIROS_E_IO);
}

const std::optional<StopRequest>& Callbacks::stop() const noexcept {
  return session_->facts.stop;
}
std::span<const LogKey> Callbacks::keys() const noexcept {
  return session_->board.keys();
}
std::vector<LogValue> Callbacks::epoch_values() const {
  return session_->epoch_values;
}
bool Callbacks::wants_gradients() const noexcept {
  return !session_->hooks.on_backward_end.listeners.empty();
}
std::uint64_t Callbacks::target_version() const noexcept {
  return session_->generation + session_->hyper_changes;
}
const std::vector<std::filesystem::path>& Callbacks::saved_files() const noexcept {
  return session_->checkpoints.files();
}
std::string Callbacks::explain_order() const {
  return session_->hooks.explain();
}

std::vector<std::string> Callbacks::instances() const {
  std::vector<std::string> names;
  for (const auto& instance : session_->instances) names.push_back(instance->name);
  return names;
}

}  // namespace kairos::host
