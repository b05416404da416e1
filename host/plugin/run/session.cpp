// SPDX-License-Identifier: MIT
// The slow paths of the dispatch, and the end of a run.
#include "plugin/run/session.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugin/options/secrets.hpp"

namespace kairos::host {

namespace {

/// Its task still runs. Reachable to the end, so that leak checkers know that it is kept on purpose.
void keep_for_ever(std::unique_ptr<Instance> instance) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::unique_ptr<Instance>>;
  instance->leave();
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(instance));
}

}  // namespace

Session::Session(TrainingTarget& trained, CallbacksOptions given)
    : target(trained),
      options(std::move(given)),
      facts(trained, options.run_directory),
      board(options.keys, options.validates),
      process(options.owns_process,
              [this](const std::string& author, const std::string& text) {
                message(Level::Warning, author, text);
                if (check) check->report(author, text);
              }),
      failures(options.messages),
      checkpoints(*this),
      states(*this),
      weights(*this),
      steps(*this) {
  if (options.ranks != nullptr) {
    facts.rank = options.ranks->rank();
    facts.world = options.ranks->world();
  }
  if (!options.checks_plugins) return;
  check.emplace(*this);
  process.compare_always();
}

Session::~Session() {
  try {
    finish(std::uncaught_exceptions() > 0 ? RunEnd::Fault : RunEnd::Completed);
  } catch (const std::exception& error) {
    message(Level::Error, "", error.what());
  }
  destroy_all();
}

bool Session::runs_everywhere(const CallbackManifest& callback) {
  return callback.phase < KAIROS_PHASE_REPORT || (callback.flags & KAIROS_CALLBACK_EVERY_RANK) != 0;
}

bool Session::runs_here(const CallbackManifest& callback) const {
  return options.ranks == nullptr || options.ranks->rank() == 0 || runs_everywhere(callback);
}

void Session::message(Level level, std::string_view author, std::string_view text) const {
  if (!options.messages) return;
  if (options.ranks != nullptr && options.ranks->rank() != 0 && level != Level::Error &&
      std::ranges::none_of(instances, [&](const auto& instance) {
        return instance->name == author && (instance->manifest.flags & KAIROS_CALLBACK_EVERY_RANK) != 0;
      }))
    return;
  if (secrets.empty()) return options.messages(level, author, text);
  options.messages(level, author, without_secrets(text, secrets));
}

void Session::watch_hooks() {
  if (options.slow_hook <= std::chrono::nanoseconds(0)) return;
  hook_watch_.emplace(options.slow_hook, [this](const Breadcrumb& at) {
    message(Level::Warning, at.instance,
            fmt::format("has been in {} for {:g} s, and the run waits for it ({})", at.hook,
                        std::chrono::duration<double>(options.slow_hook).count(), at.file));
  });
}

void Session::order_instances() {
  for (const auto& instance : instances)
    if (instance->created) ordered_.push_back(instance.get());
  std::ranges::stable_sort(ordered_, {}, [](const Instance* instance) { return instance->manifest.phase; });
  hooks.subscribe(ordered_);
}

// ---------------------------------------------------------------- dispatch

bool Session::may_run(Instance& instance) {
  if (instance.disabled) return false;
  instance.attention.store(false);
  if (const kairos_status status = instance.tasks.take_failure(); status != KAIROS_OK)
    fail_by_task(instance, status);
  return !instance.disabled;
}

void Session::settle(kairos_call& call, kairos_status status) {
  if (failures.postponed()) {
    weights.end();
    artifacts.clear();
    failures.rethrow_postponed();
  }
  failed(call, status);
}

void Session::failed(kairos_call& call, kairos_status status) {
  try {
    failures.handle(call, status, facts.epoch);
  } catch (...) {
    weights.end();
    artifacts.clear();
    throw;
  }
  if (call.instance->disabled) weights.end_of(*call.instance);
}

void Session::deliver_artifacts(const char* hook) {
  if (hook != artifacts.hook()) return;  // the event in which they were published goes on
  // A consumer may save a file, and who hears of that may publish: without an end, if it were delivered.
  struct Delivery {
    bool& flag;
    explicit Delivery(bool& one) : flag(one) { flag = true; }
    ~Delivery() { flag = false; }
  } const delivery(delivers_artifacts);
  for (const auto& artifact : artifacts.take()) {
    HookList others{hooks.on_artifact.name, {}};
    for (Instance* listener : hooks.on_artifact.listeners)
      if (listener != &artifact->publisher && listener->is_set_up) others.listeners.push_back(listener);
    dispatch(others, &kairos_hooks::on_artifact, artifact->abi, Moment::Running);
  }
}

void Session::fail_by_task(Instance& instance, kairos_status status) {
  kairos_call call(this, &instance, "a background task", Moment::Beside);
  failed(call, status);
}

void Session::cancel_tasks(RunEnd why) {
  for (const auto& instance : instances) {
    if (why == RunEnd::Fault) instance->tasks.cancel();
    if (why == RunEnd::Interrupted) instance->tasks.interrupt();
  }
}

kairos_status Session::end_tasks(Instance& instance) {
  const BreadcrumbScope waiting(instance.crumb("a background task"));
  instance.tasks.close();
  const bool ended = instance.tasks.wait(std::nullopt, [&](std::size_t left) {
    message(Level::Warning, instance.name,
            left == 1 ? "the run waits for its background task"
                      : "the run waits for its " + std::to_string(left) + " background tasks");
  });
  if (!ended && !std::exchange(instance.abandoned, true)) {
    instance.tasks.abandon();
    message(
        Level::Warning, instance.name,
        "its background task has not ended a second after the interrupt; it is abandoned, and the instance "
        "is not destroyed");
  }
  return instance.tasks.take_failure();
}

void Session::restore_process() {
  process.catch_up(ordered_);
  for (const auto& instance : instances)
    if (is_running(*instance)) process.compare(instance->name, breadcrumb.now().hook);
  process.conclude(ordered_);
}

// ---------------------------------------------------------------- the end

void Session::finish(RunEnd why) {
  if (std::exchange(finished_, true)) return;
  weights.end();
  process.conclude(ordered_);
  cancel_tasks(why);
  std::exception_ptr failure;
  try {
    teardown_all(why);
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  process.conclude(ordered_);  // results are written after this
  steps.release();
  if (check && !failure && !check->offended())
    message(Level::Info, "",
            fmt::format("{} calls of hooks were checked: every callback changed only what it may",
                        check->hooks()));
  for (const auto& instance : instances) failures.report(*instance);
  if (failure) std::rethrow_exception(failure);
}

/// Every instance gets its teardown, whatever the others do; the first fatal failure is thrown at the end.
void Session::teardown_all(RunEnd why) {
  board.clear();  // what the last event lent is gone with the loop
  const kairos_end_event event = facts.end_event(why);
  std::exception_ptr first;
  const auto keep_first = [&](auto&& work) {
    try {
      work();
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  };
  keep_first([&] { checkpoints.settle(BackgroundSave::Waiting::Yes); });
  for (Instance* instance : hooks.teardown.listeners) {
    if (!instance->is_set_up) continue;
    instance->attention = false;  // a disabled one may close its files too; its tasks are drained below
    const HookList one{hooks.teardown.name, {instance}};
    keep_first([&] { dispatch(one, &kairos_hooks::teardown, event, Moment::Beside); });
  }
  for (auto instance = instances.rbegin(); instance != instances.rend(); ++instance)
    if (const kairos_status status = end_tasks(**instance); status != KAIROS_OK)
      keep_first([&] { fail_by_task(**instance, status); });
  if (first) std::rethrow_exception(first);
}

template <class Work>
void Session::call_at_the_end(Instance& instance, const char* hook, Work&& work) {
  const FloatControl control = FloatControl::now();
  const BreadcrumbScope here(instance.crumb(hook));
  try {
    work();
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {  // by a plugin whose code does not go through the SDK
    message(Level::Error, instance.name, std::string(hook) + " has thrown an exception");
  }
  process.after_hook(control, instance, hook);
  process.compare(instance.name, hook);
}

void Session::destroy_all() {
  if (!finished_) cancel_tasks(RunEnd::Fault);
  for (auto instance = instances.rbegin(); instance != instances.rend(); ++instance) {
    if (!(*instance)->abandoned) static_cast<void>(end_tasks(**instance));  // finish() has reported failures
    if ((*instance)->abandoned) {
      keep_for_ever(std::move(*instance));
      continue;
    }
    if (!std::exchange((*instance)->created, false)) continue;
    void* self = std::exchange((*instance)->self, nullptr);
    if ((*instance)->hooks.destroy != nullptr)
      call_at_the_end(**instance, "destroy", [&] { (*instance)->hooks.destroy(self); });
  }
  std::erase(instances, nullptr);
}

}  // namespace kairos::host
