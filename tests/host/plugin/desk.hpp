// SPDX-License-Identifier: MIT
// Tasks that a test posts through the ABI, and a run of one epoch that posts them.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "host/plugin/probe.hpp"

namespace kairos::tests {

/// Tasks of a test, and what became of each. Tasks that are held run until they are released.
class Desk {
 public:
  struct Kind {
    bool held = false;    ///< runs until release()
    bool asks = false;    ///< runs until the host says that the run ends
    bool again = false;   ///< submits itself again
    bool throws = false;  ///< lets an exception out
    kairos_status status = KAIROS_OK;
  };

  kairos_status post(const Visit& visit, const std::string& name, Kind kind, std::uint32_t room = 0,
                     std::int32_t when_full = KAIROS_TASK_WHEN_FULL_REFUSE, std::uint32_t flags = 0) {
    One* const one = keep({this, visit.host, &visit.tasks(), name, kind});
    kairos_task task{};
    task.size = sizeof task;
    task.when_full = when_full;
    task.room = room;
    task.flags = flags;
    task.work = work;
    task.done = done;
    task.arg = one;
    const kairos_status status = visit.tasks().post(visit.host, &task);
    if (status == KAIROS_OK) ++posted;
    return status;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  /// Until the task runs.
  void wait_until_begun(const std::string& name) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return begun_.contains(name); }));
  }
  /// Until the task runs no more.
  void wait_until_done(const std::string& name) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return outcomes_.contains(name); }));
  }
  [[nodiscard]] std::map<std::string, std::int32_t> outcomes() {
    const std::lock_guard lock(mutex_);
    return outcomes_;
  }
  std::atomic<int> posted = 0, told = 0;

 private:
  struct One {
    Desk* desk;
    const kairos_host* host;
    const kairos_tasks* tasks;
    std::string name;
    Kind kind;
  };

  static kairos_status work(void* arg) {
    const One& one = *static_cast<One*>(arg);
    Desk& desk = *one.desk;
    {
      std::unique_lock lock(desk.mutex_);
      desk.begun_[one.name] = true;
      desk.changed_.notify_all();
      if (one.kind.held) desk.changed_.wait(lock, [&] { return desk.released_; });
    }
    while (one.kind.asks && one.tasks->ending(one.host) == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (one.kind.again) (void)one.tasks->submit(one.host, resubmit, arg);
    if (one.kind.throws) throw std::runtime_error("thrown by a task");
    return one.kind.status;
  }
  static kairos_status resubmit(void* arg) {
    const One& one = *static_cast<One*>(arg);
    (void)one.tasks->submit(one.host, resubmit, arg);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return KAIROS_OK;
  }
  static void done(void* arg, std::int32_t outcome) {
    const One& one = *static_cast<One*>(arg);
    Desk& desk = *one.desk;
    const std::lock_guard lock(desk.mutex_);
    if (!desk.outcomes_.emplace(one.name, outcome).second) desk.outcomes_[one.name] = -1;  // twice
    ++desk.told;
    desk.changed_.notify_all();
  }
  /// Work that is submitted again, or abandoned with its instance, still uses it.
  One* keep(One one) {
    const std::lock_guard lock(mutex_);
    return kept_.emplace_back(std::make_unique<One>(std::move(one))).get();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  std::map<std::string, bool> begun_;
  std::map<std::string, std::int32_t> outcomes_;
  std::vector<std::unique_ptr<One>> kept_;
};

/// A run of one epoch in which `work` is done in on_epoch_end. Not finished.
struct TaskRun : ProbeScript {
  explicit TaskRun(ProbeScript::Work work) {
    in["on_epoch_end"] = std::move(work);
    in["destroy"] = [this](const Visit&) {
      destroyed = true;
      return KAIROS_OK;
    };
    run.emplace(std::vector<std::string>{spec()});
    run->callbacks->setup({});
  }
  void fit() { run->fit(); }
  void finish(host::RunEnd why) { run->callbacks->finish(why); }
  /// Ends the session.
  void end() { run->callbacks.reset(); }
  [[nodiscard]] bool said(std::string_view words) const {
    for (const ProbeRun::Message& message : run->messages)
      if (message.text.find(words) != std::string::npos) return true;
    return false;
  }

  bool destroyed = false;
  std::optional<ProbeRun> run;
};

}  // namespace kairos::tests
