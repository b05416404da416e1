// SPDX-License-Identifier: MIT
// The dispatch: calls a hook of every instance that implements it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include "kairos/abi.h"
#include "kairos/host/callbacks.hpp"
#include "plugin/run/artifacts.hpp"
#include "plugin/run/breadcrumb.hpp"
#include "plugin/run/call.hpp"
#include "plugin/run/call_order.hpp"
#include "plugin/run/checkpoints.hpp"
#include "plugin/run/failures.hpp"
#include "plugin/run/file_guard.hpp"
#include "plugin/run/hook_lists.hpp"
#include "plugin/run/hook_watch.hpp"
#include "plugin/run/instance.hpp"
#include "plugin/run/ledger.hpp"
#include "plugin/run/log_board.hpp"
#include "plugin/run/made_directory.hpp"
#include "plugin/run/plugin_check.hpp"
#include "plugin/run/presented_weights.hpp"
#include "plugin/run/process_guard.hpp"
#include "plugin/run/run_facts.hpp"
#include "plugin/run/run_requests.hpp"
#include "plugin/run/saved_states.hpp"
#include "plugin/run/step_requests.hpp"

namespace kairos::host {

/// What Callbacks is made of. The functions of the ABI (host_api.cpp) reach it through their call or host
/// pointer.
class Session {
 public:
  Session(TrainingTarget& target, CallbacksOptions options);
  ~Session();

  /// Calls `slot` of every listener. A failure is handled by the policy of its instance.
  template <class Event>
  void dispatch(const HookList& list, kairos_status (*kairos_hooks::*slot)(void*, kairos_call*, const Event*),
                const Event& event, Moment moment) {
    if (list.listeners.empty()) return;
    kairos_call unchecked(this, nullptr, list.name, moment);
    const Breadcrumb outer = breadcrumb.now();
    constexpr bool of_batch = std::is_same_v<Event, kairos_batch_event>;
    const bool compares = of_batch ? process.watches_batches() : process.is_due();
    if (compares) [[unlikely]]
      process.catch_up(ordered_);
    else
      process.leave_uncompared(of_batch ? ProcessGuard::OfBatches : ProcessGuard::OfRarerEvents);
    const auto control = std::conditional_t<of_batch, Rounding, FloatControl>::now();
    const bool measured = ledger.is_on();
    for (Instance* instance : list.listeners) {
      if (instance->attention.load(std::memory_order_relaxed) && !may_run(*instance)) continue;
      kairos_call& call = check ? check->begin(*instance, list.name, moment) : unchecked;
      call.forget();
      breadcrumb.set(instance->crumb(list.name));
      call.instance = instance;
      const auto& own = event_of(event, *instance);
      Ledger::Mark mark;
      if (measured) [[unlikely]]
        mark = ledger.begin();
      kairos_status status = (instance->hooks.*slot)(instance->self, &call, &own);
      if (measured) [[unlikely]]
        ledger.end(mark, call);
      process.after_hook(control, *instance, list.name);
      if (compares) [[unlikely]]
        process.compare(instance->name, list.name);
      if (check) [[unlikely]]
        check->end(call);
      if (call.written_roles != 0) status = announce_writes(call, status);
      if (status != KAIROS_OK || failures.postponed()) [[unlikely]]
        settle(call, status);
    }
    breadcrumb.set(outer);
    if (!artifacts.empty()) [[unlikely]]
      deliver_artifacts(list.name);
  }

  /// `hook()` of one instance, outside of the events of a run.
  template <class Hook>
  kairos_status call_alone(Instance& instance, kairos_call& call, Hook&& hook) {
    process.catch_up(ordered_);
    const FloatControl control = FloatControl::now();
    const Breadcrumb outer = breadcrumb.now();
    breadcrumb.set(instance.crumb(call.hook));
    const bool measured = ledger.is_on();
    Ledger::Mark mark;
    if (measured) mark = ledger.begin();
    const kairos_status status = hook();
    if (measured) ledger.end(mark, call);
    breadcrumb.set(outer);
    process.after_hook(control, instance, call.hook);
    process.compare(instance.name, call.hook);
    if (check) check->end(call);
    return status;
  }

  /// Whether the instances of a callback run on this rank; and on all.
  [[nodiscard]] bool runs_here(const CallbackManifest& callback) const;
  [[nodiscard]] static bool runs_everywhere(const CallbackManifest& callback);

  /// Sends a line to the user. Of a rank other than 0, only what rank 0 does not say.
  void message(Level level, std::string_view author, std::string_view text) const;

  /// Before code of plugins runs.
  void watch_hooks();
  /// After all instances were created: puts them in order and fills the lists of hooks.
  void order_instances();
  /// Instances by phase, then in the user's order.
  [[nodiscard]] const std::vector<Instance*>& ordered() const noexcept { return ordered_; }

  /// The run is to end early: cancels background tasks.
  void cancel_tasks(RunEnd why);
  /// teardown of every instance in reverse order, once; throws the first fatal failure at the end.
  void finish(RunEnd why);
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  /// destroy of every instance, in reverse order.
  void destroy_all();

  /// A hook or a background task has failed: applies the policy of its instance. If the run or the instance
  /// ends by that, what it has swapped in is taken out first.
  void failed(kairos_call& call, kairos_status status);

  /// Restores what hooks have changed of the process, including the one that is running where it has called
  /// exit.
  void restore_process();
  [[nodiscard]] static bool is_running(const Instance& instance) noexcept {
    return breadcrumb.now().instance == instance.door.name.c_str();
  }

  TrainingTarget& target;
  CurrentBatch* current_batch = nullptr;  ///< of the loop, in the hooks of a batch; null if it lends none
  CallbacksOptions options;
  std::optional<MadeDirectory> run_directory;  ///< from setup on
  RunFacts facts;
  CallOrder order;  ///< of the calls of the loop
  LogBoard board;
  HookLists hooks;
  FileGuard files;
  ProcessGuard process;
  std::optional<PluginCheck> check;
  Failures failures;
  Checkpoints checkpoints;
  SavedStates states;
  PresentedWeights weights;
  StepBoard steps;
  RunRequests run_requests;
  Ledger ledger{*this};
  ArtifactBox artifacts;                             ///< of the event that goes on
  bool delivers_artifacts = false;                   ///< what is published meanwhile is dropped
  std::vector<std::unique_ptr<Instance>> instances;  ///< in the order of their specs
  std::vector<LogValue> epoch_values;
  std::thread::id thread = std::this_thread::get_id();
  std::uint64_t generation = 1;      ///< of the tensors
  std::uint64_t hyper_changes = 0;   ///< hyper-parameters that instances have set
  std::vector<std::string> secrets;  ///< complete before code of plugins runs
  bool metrics_are_checked = false;  ///< options that name a log key
  std::uint64_t weight_writes = 0;   ///< by instances, of weights and of the optimizer's variables
  // Of several ranks.
  bool lends_parts = false;       ///< the batch is a part of that of all ranks
  bool root_reads_tests = false;  ///< an instance that runs on rank 0 alone has read a batch of a test

 private:
  /// The event as one instance gets it.
  template <class Event>
  static const Event& event_of(const Event& event, const Instance&) {
    return event;
  }
  static kairos_run_event event_of(kairos_run_event event, const Instance& instance) {
    event.resumed = instance.resumed ? 1 : 0;
    return event;
  }
  /// Waits for its background tasks, or abandons it; the status of the first one that failed.
  kairos_status end_tasks(Instance& instance);
  void fail_by_task(Instance& instance, kairos_status status);
  /// Slow path of dispatch: false for an instance that was disabled; reports a failed background task.
  bool may_run(Instance& instance);
  void settle(kairos_call& call, kairos_status status);
  /// Tells the target; the status of the hook, or why what it wrote was put back.
  kairos_status announce_writes(kairos_call& call, kairos_status status);
  /// All hooks of an event have run: calls on_artifact of everyone but the publisher, artifact by artifact.
  void deliver_artifacts(const char* hook);
  void teardown_all(RunEnd why);
  /// `work()` is a hook of one instance that has no event, no call and no result.
  template <class Work>
  void call_at_the_end(Instance& instance, const char* hook, Work&& work);

  std::vector<Instance*> ordered_;
  bool finished_ = false;
  std::optional<HookWatch> hook_watch_;  ///< ends before everything else
};

/// Fills the functions of the host for `instance`.
void open_door(Instance& instance);

}  // namespace kairos::host
