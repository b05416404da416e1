// SPDX-License-Identifier: MIT
// The slow paths of the dispatch, and the end of a run.
#include "plugin/run/session.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "plugin/options/secrets.hpp"

namespace kairos::host {

Session::Session(TrainingTarget& trained, CallbacksOptions given)
    : target(trained),
      options(std::move(given)),
      facts(trained, options.run_directory),
      board(options.keys, options.validates),
      process(options.owns_process,
              [this](const std::string& author, const std::string& text) {
                message(Level::Warning, author, text);
              }),
      failures(options.messages),
      checkpoints(*this),
      states(*this),
      weights(*this) {}

Session::~Session() {
  try {
    finish(std::uncaught_exceptions() > 0 ? RunEnd::Fault : RunEnd::Completed);
  } catch (const std::exception& error) {
    message(Level::Error, "", error.what());
  }
  destroy_all();
}

void Session::message(Level level, std::string_view author, std::string_view text) const {
  if (!options.messages) return;
  if (secrets.empty()) return options.messages(level, author, text);
  options.messages(level, author, without_secrets(text, secrets));
}

void Session::order_instances() {
  for (const auto& instance : instances)
    if (instance->created) ordered_.push_back(instance.get());
  std::ranges::stable_sort(ordered_, {}, [](const Instance* instance) { return instance->manifest.phase; });
  hooks.subscribe(ordered_);
}

// ---------------------------------------------------------------- dispatch

bool Session::may_run(kairos_call& call, Instance& instance) {
  if (instance.disabled) return false;
  instance.attention.store(false);
  if (const kairos_status status = drain(instance); status != KAIROS_OK) {
    call.instance = &instance;
    call.reason = "a background task failed";
    failed(call, status);
  }
  return !instance.disabled;
}

void Session::settle(kairos_call& call, kairos_status status) {
  if (failures.postponed()) {
    weights.end();
    failures.rethrow_postponed();
  }
  failed(call, status);
}

void Session::failed(kairos_call& call, kairos_status status) {
  try {
    failures.handle(call, status, facts.epoch);
  } catch (...) {
    weights.end();
    throw;
  }
  if (call.instance->disabled) weights.end_of(*call.instance);
}

kairos_status Session::drain(Instance& instance) {
  const BreadcrumbScope waiting(instance.crumb("a background task"));
  return tasks.drain(instance);
}

void Session::restore_process() {
  process.catch_up(ordered_);
  for (const auto& instance : instances)
    if (is_running(*instance)) process.compare(*instance, breadcrumb.hook);
  process.conclude(ordered_);
}

// ---------------------------------------------------------------- the end

void Session::finish(RunEnd why) {
  if (std::exchange(finished_, true)) return;
  weights.end();
  process.conclude(ordered_);
  std::exception_ptr failure;
  try {
    teardown_all(why);
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  process.conclude(ordered_);  // results are written after this
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
  for (const auto& instance : instances)
    if (const kairos_status status = drain(*instance); status != KAIROS_OK)
      keep_first([&] {
        kairos_call call(this, instance.get(), "a background task", Moment::Beside);
        failed(call, status);
      });
  if (first) std::rethrow_exception(first);
}

template <class Work>
void Session::call_at_the_end(Instance& instance, const char* hook, Work&& work) {
  const FloatControl control = FloatControl::now();
  const BreadcrumbScope here(instance.crumb(hook));
  work();
  process.after_hook(control, instance, hook);
  process.compare(instance, hook);
}

void Session::destroy_all() {
  for (auto instance = instances.rbegin(); instance != instances.rend(); ++instance) {
    static_cast<void>(drain(**instance));  // finish() has reported what failed
    (*instance)->ended = true;
    if (!std::exchange((*instance)->created, false)) continue;
    void* self = std::exchange((*instance)->self, nullptr);
    if ((*instance)->hooks.destroy != nullptr)
      call_at_the_end(**instance, "destroy", [&] { (*instance)->hooks.destroy(self); });
  }
}

}  // namespace kairos::host
