// SPDX-License-Identifier: MIT
// The dispatch: all instances of a run, the lists of who listens to what, and the policy for what fails.
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include "kairos/abi.h"
#include "kairos/host/callbacks.hpp"
#include "plugin/run/background_save.hpp"
#include "plugin/run/breadcrumb.hpp"
#include "plugin/run/call.hpp"
#include "plugin/run/call_order.hpp"
#include "plugin/run/file_guard.hpp"
#include "plugin/run/instance.hpp"
#include "plugin/run/log_board.hpp"
#include "plugin/run/process_guard.hpp"
#include "plugin/run/task_queue.hpp"

namespace kairos::host {

/// A hook by name, and the instances that have it, in the order in which they are called.
struct HookList {
  const char* name;
  std::vector<Instance*> listeners;
};

/// Saved state of one instance.
struct SavedState {
  std::string id, name;
  std::uint32_t version = 0;
  std::string bytes;
  std::map<std::uint64_t, std::vector<float>> snapshots;
};

/// What Callbacks is made of. The functions of the ABI (host_api.cpp) reach it through their call or host
/// pointer.
class Session {
 public:
  Session(TrainingTarget& target, CallbacksOptions options);
  ~Session();

  /// Makes the instances of all specs; on failure none is left.
  void create(const Catalog& catalog, std::span<const PluginSpec> specs);

  /// Calls `slot` of every listener. A failure is handled by the policy of its instance.
  template <class Event>
  void dispatch(HookList& list, kairos_status (*kairos_hooks::*slot)(void*, kairos_call*, const Event*),
                const Event& event, Moment moment) {
    if (list.listeners.empty()) return;
    kairos_call call(this, nullptr, list.name, moment);
    const Breadcrumb outer = breadcrumb;
    constexpr bool of_batch = std::is_same_v<Event, kairos_batch_event>;
    const bool compares = of_batch ? process.watches_batches() : process.is_due();
    if (compares) [[unlikely]]
      process.catch_up(ordered_);
    else
      process.leave_uncompared(of_batch ? ProcessGuard::OfBatches : ProcessGuard::OfRarerEvents);
    const auto control = std::conditional_t<of_batch, Rounding, FloatControl>::now();
    for (Instance* instance : list.listeners) {
      call.forget();
      if (instance->attention.load(std::memory_order_relaxed) && !may_run(call, *instance)) continue;
      breadcrumb = {instance->name.c_str(), instance->file.c_str(), list.name};
      call.instance = instance;
      kairos_status status = (instance->hooks.*slot)(instance->self, &call, &event);
      process.after_hook(control, *instance, list.name);
      if (compares) [[unlikely]]
        process.compare(*instance, list.name);
      if (call.written_roles != 0) status = announce_writes(call, status);
      if (status != KAIROS_OK || postponed) [[unlikely]]
        settle(call, status);
    }
    breadcrumb = outer;
  }

  /// `hook(&call)` of one instance, outside of the events of a run.
  template <class Hook>
  kairos_status call_alone(Instance& instance, kairos_call& call, Hook&& hook) {
    process.catch_up(ordered_);
    const FloatControl control = FloatControl::now();
    const Breadcrumb outer = breadcrumb;
    breadcrumb = {instance.name.c_str(), instance.file.c_str(), call.hook};
    const kairos_status status = hook();
    breadcrumb = outer;
    process.after_hook(control, instance, call.hook);
    process.compare(instance, call.hook);
    return status;
  }

  /// `hook()` of one instance that has no event, no call and no result.
  template <class Hook>
  void call_at_the_end(Instance& instance, const char* hook, Hook&& work) {
    const FloatControl control = FloatControl::now();
    const BreadcrumbScope here({instance.name.c_str(), instance.file.c_str(), hook});
    work();
    process.after_hook(control, instance, hook);
    process.compare(instance, hook);
  }

  /// Sends a line to the user.
  void message(Level level, std::string_view author, std::string_view text) const;

  [[nodiscard]] std::string save_state();
  void load_state(std::string_view bytes);
  void finish(RunEnd why);
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  /// Instances by phase, then in the user's order.
  [[nodiscard]] const std::vector<Instance*>& ordered() const noexcept { return ordered_; }
  [[nodiscard]] kairos_end_event end_event(RunEnd why) const;
  [[nodiscard]] std::string explain_order() const;

  /// Tells everyone but `author` of a file. What a listener fails with ends the run when the hook that saved
  /// has returned: its exception cannot pass through the plugin that saved.
  void checkpoint_saved(const std::string& path, SaveContent content, const Instance& author);

  /// The same for files that were written in the background since; one that could not be is its author's
  /// failure.
  void settle_background_saves(BackgroundSave::Waiting waiting);

  TrainingTarget& target;
  CallbacksOptions options;
  CallOrder order;  ///< of the calls of the loop
  LogBoard board;
  FileGuard files;
  ProcessGuard process;
  TaskQueue tasks;
  BackgroundSave background_save;
  std::vector<std::unique_ptr<Instance>> instances;  ///< in the order of their specs
  std::optional<StopRequest> stop;
  std::vector<std::filesystem::path> saved_files;
  std::vector<LogValue> epoch_values;
  std::string failed_instance, failed_hook;  ///< of the failure that ends the run; empty if no callback's did
  kairos_status failed_status = KAIROS_E_INTERNAL;
  std::thread::id thread = std::this_thread::get_id();
  std::uint64_t generation = 1;  ///< of the tensors
  std::exception_ptr postponed;  ///< a failure of another instance than the one whose hook is running
  std::string end_reason;        ///< of a fault or an interruption

  // Facts that events repeat.
  RunInfo run;
  bool resumed = false;
  bool training = false;
  std::string run_directory;
  std::int64_t epoch = -1;
  std::int64_t epochs_run = 0;
  kairos_batch_event batch{};
  std::int64_t batches = -1;  ///< of the pass that is going on

  HookList setup{"setup", {}}, teardown{"teardown", {}}, on_train_begin{"on_train_begin", {}},
      on_train_end{"on_train_end", {}}, on_epoch_begin{"on_epoch_begin", {}},
      on_epoch_end{"on_epoch_end", {}}, on_train_batch_begin{"on_train_batch_begin", {}},
      on_backward_end{"on_backward_end", {}}, on_train_batch_end{"on_train_batch_end", {}},
      on_test_begin{"on_test_begin", {}}, on_test_end{"on_test_end", {}},
      on_test_batch_begin{"on_test_batch_begin", {}}, on_test_batch_end{"on_test_batch_end", {}},
      on_predict_begin{"on_predict_begin", {}}, on_predict_end{"on_predict_end", {}},
      on_predict_batch_begin{"on_predict_batch_begin", {}}, on_predict_batch_end{"on_predict_batch_end", {}},
      on_checkpoint_saved{"on_checkpoint_saved", {}}, on_fault{"on_fault", {}},
      on_interrupt{"on_interrupt", {}};

 private:
  /// Throws where an option names a file that must not be written.
  void guard_files(const Catalog& catalog, std::span<const Catalog::Match> matches,
                   std::span<const ResolvedOptions> resolved, std::span<const std::string> names);
  /// Says which of the directories and files others can write to.
  void warn_of_plugins(const Catalog& catalog, std::span<const Catalog::Match> matches) const;
  /// Throws for a callback that exists to set the optimizer where a schedule decides the learning rate. One
  /// that may stop the run too has only what its phase declares by default, and is refused when it tries.
  void refuse_idle_schedulers(const std::vector<std::string>& names,
                              std::span<const Catalog::Match> matches) const;
  void create_instance(const Catalog::Match& match, std::shared_ptr<Library> library,
                       ResolvedOptions resolved, std::string name);
  void subscribe();
  template <class Slot>
  void subscribe_one(HookList& list, Slot slot);
  template <class Visitor>
  void for_each_list(Visitor&& visit);

  /// Waits for its background tasks; the status of the first one that failed.
  kairos_status drain(Instance& instance);
  /// Slow path of dispatch: false for an instance that was disabled; reports a failed background task.
  bool may_run(kairos_call& call, Instance& instance);
  void handle_failure(kairos_call& call, kairos_status status);
  void settle(kairos_call& call, kairos_status status);
  /// Tells the target; the status of the hook, or why what it wrote was put back.
  kairos_status announce_writes(kairos_call& call, kairos_status status);
  kairos_status put_rate_back(kairos_call& call, kairos_status status);
  void teardown_all(RunEnd why);
  void destroy_all();
  /// Whatever hooks have changed of the process, also the one that is running where it has called exit.
  void restore_process();
  [[nodiscard]] static bool is_running(const Instance& instance) noexcept {
    return breadcrumb.instance == instance.name.c_str();
  }

  void save_instance(Instance& instance, std::vector<SavedState>& out);
  void load_instance(Instance& instance, SavedState& state);

  std::vector<std::shared_ptr<Library>> opened_;
  std::vector<SavedState> orphans_;               ///< states of instances that this run does not have
  std::map<const Instance*, SavedState> loaded_;  ///< as they came; for an instance that is disabled later
  std::vector<Instance*> ordered_;                ///< by phase, then by the user's order
  bool finished_ = false;
};

/// Encoding of saved states; KAIROS-C006 for bytes that are damaged.
[[nodiscard]] std::string encode_states(const std::vector<SavedState>& states);
[[nodiscard]] std::vector<SavedState> decode_states(std::string_view bytes);

/// The host as `instance` sees it.
[[nodiscard]] kairos_host make_host(Instance& instance);

}  // namespace kairos::host
