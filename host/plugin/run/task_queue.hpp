// SPDX-License-Identifier: MIT
// Background work of one instance: one thread, started when the first task comes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "kairos/abi.h"

namespace kairos::host {

struct Instance;

/// A task of a plugin; see kairos_task.
struct BackgroundTask {
  kairos_status (*work)(void*) = nullptr;
  void (*done)(void*, std::int32_t) = nullptr;  ///< may be null
  void* arg = nullptr;
  bool must_finish = false;
  std::uint64_t number = 0;  ///< counts the tasks of a queue from 1

  /// Calls `done`.
  void tell(std::int32_t outcome) const noexcept;
};

/// Tasks run one after the other, in the order in which they came. `add` and `ending` may be called from any
/// thread, everything else from the fit thread.
class TaskQueue {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TaskQueue(Instance& owner) : owner_(owner) {}
  /// After `close` and `wait`, or `abandon`.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /// A run is interrupted when this is not 0.
  void watch(const std::atomic<int>* signal) { signal_ = signal; }

  /// Never waits. KAIROS_E_BUSY if `room` tasks wait and, where one may be dropped, all of them must finish;
  /// KAIROS_E_STATE after `close`. The caller tells `dropped` what became of it, where it holds no lock.
  kairos_status add(const BackgroundTask& task, std::size_t room, bool drops,
                    std::optional<BackgroundTask>& dropped);
  /// Whether the run is to end.
  [[nodiscard]] bool ending();

  /// Waits for the tasks that were added before; false if some are left after `at_most`, or a second after an
  /// interrupt. Those that must finish are waited for nevertheless. `notice` is called once, with the number
  /// of tasks that are left, if this takes longer than a second.
  [[nodiscard]] bool wait(std::optional<Clock::duration> at_most,
                          const std::function<void(std::size_t left)>& notice = nullptr);
  /// The first failure since the last call, else KAIROS_OK.
  [[nodiscard]] kairos_status take_failure();

  /// The run has failed: tasks that have not begun and need not finish are cancelled, also those to come.
  void cancel();
  /// The same for a run that was interrupted. The running task has a second from the first call on.
  void interrupt();
  /// No more tasks are accepted.
  void close();
  /// Leaves the thread and its task to themselves. The owner must stay until the process ends.
  void abandon();

 private:
  void start();
  void run();
  kairos_status run_one(const BackgroundTask& task);
  /// Its task has ended the thread.
  void replace_thread(const BackgroundTask& task);
  void fail(kairos_status status);
  [[nodiscard]] bool is_interrupted();
  [[nodiscard]] bool is_left(std::uint64_t last) const;
  [[nodiscard]] bool must_wait() const;
  /// Of a wait that has taken so long: whether to give up.
  [[nodiscard]] bool gives_up(Clock::duration waited, std::optional<Clock::duration> at_most);
  void cancel_waiting(std::unique_lock<std::mutex>& lock);

  Instance& owner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<BackgroundTask> waiting_;
  std::optional<BackgroundTask> running_;
  std::uint64_t last_ = 0;  ///< number of the task that was added last
  kairos_status failure_ = KAIROS_OK;
  const std::atomic<int>* signal_ = nullptr;  ///< borrowed for the run
  std::optional<Clock::time_point> interrupted_;
  bool cancels_ = false, closed_ = false, quits_ = false, abandoned_ = false;
  std::thread thread_;
};

/// Whether a task that was abandoned may still run. Its code may use what exit would destroy.
[[nodiscard]] bool has_abandoned_tasks() noexcept;

}  // namespace kairos::host
