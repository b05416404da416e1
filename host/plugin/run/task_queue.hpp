// SPDX-License-Identifier: MIT
// Background work of plugins: one thread, started when the first task comes, joined before an instance is
// destroyed.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "kairos/abi.h"

namespace kairos::host {

struct Instance;

/// Tasks run one after the other, in the order in which they came. Every function may be called from any
/// thread.
class TaskQueue {
 public:
  TaskQueue() = default;
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  void submit(Instance& owner, kairos_status (*work)(void*), void* arg);
  /// Waits for the tasks of `owner`; the first failure among them since the last drain, else KAIROS_OK.
  [[nodiscard]] kairos_status drain(const Instance& owner);

 private:
  struct Task {
    Instance* owner;
    kairos_status (*work)(void*);
    void* arg;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::map<const Instance*, std::int64_t> pending_;
  std::map<const Instance*, kairos_status> failures_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace kairos::host
