// SPDX-License-Identifier: MIT
// The thread behind kairos.tasks/1.
#include "plugin/run/task_queue.hpp"

#include "base/alternate_stack.hpp"
#include "plugin/run/breadcrumb.hpp"
#include "plugin/run/instance.hpp"

namespace kairos::host {

TaskQueue::~TaskQueue() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TaskQueue::submit(Instance& owner, kairos_status (*work)(void*), void* arg) {
  {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    tasks_.push_back({&owner, work, arg});
    ++pending_[&owner];
  }
  changed_.notify_all();
}

kairos_status TaskQueue::drain(const Instance& owner) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return pending_[&owner] == 0; });
  const auto failure = failures_.find(&owner);
  if (failure == failures_.end()) return KAIROS_OK;
  const kairos_status status = failure->second;
  failures_.erase(failure);
  return status;
}

void TaskQueue::run() {
  const AlternateStack for_crashes;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const Task task = tasks_.front();
    tasks_.pop_front();
    lock.unlock();
    breadcrumb = task.owner->crumb("a background task");
    const kairos_status status = task.work(task.arg);
    breadcrumb = {};
    lock.lock();
    if (status != KAIROS_OK) {
      failures_.emplace(task.owner, status);
      task.owner->attention.store(true, std::memory_order_release);
    }
    --pending_[task.owner];
    changed_.notify_all();
  }
}

}  // namespace kairos::host
