// SPDX-License-Identifier: MIT
// The thread behind kairos.tasks/1. No lock is held while code of the plugin runs.
#include "plugin/run/task_queue.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/alternate_stack.hpp"
#include "base/low_priority.hpp"
#include "plugin/run/breadcrumb.hpp"
#include "plugin/run/instance.hpp"

namespace kairos::host {

namespace {

std::atomic<bool> abandoned_tasks{false};

}  // namespace

bool has_abandoned_tasks() noexcept {
  return abandoned_tasks;
}

void BackgroundTask::tell(std::int32_t outcome) const noexcept {
  if (done != nullptr) done(arg, outcome);
}

TaskQueue::~TaskQueue() {
  {
    const std::lock_guard lock(mutex_);
    quits_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// ---------------------------------------------------------------- any thread

kairos_status TaskQueue::add(const BackgroundTask& task, std::size_t room, bool drops,
                             std::optional<BackgroundTask>& dropped) {
  const std::lock_guard lock(mutex_);
  if (closed_) return KAIROS_E_STATE;
  if (!thread_.joinable()) start();
  if (waiting_.size() >= room) {
    const auto oldest = std::ranges::find(waiting_, false, &BackgroundTask::must_finish);
    if (!drops || oldest == waiting_.end()) return KAIROS_E_BUSY;
    dropped = *oldest;
    waiting_.erase(oldest);
  }
  waiting_.push_back(task);
  waiting_.back().number = ++last_;
  changed_.notify_all();
  return KAIROS_OK;
}

bool TaskQueue::ending() {
  const std::lock_guard lock(mutex_);
  return closed_ || cancels_ || is_interrupted();
}

// ---------------------------------------------------------------- the fit thread

bool TaskQueue::wait(std::optional<Clock::duration> at_most,
                     const std::function<void(std::size_t left)>& notice) {
  constexpr auto silence = std::chrono::seconds(1);
  constexpr Clock::duration look = std::chrono::milliseconds(20);  // an interrupt only sets a flag
  const Clock::time_point begin = Clock::now();
  bool told = notice == nullptr;
  std::unique_lock lock(mutex_);
  const std::uint64_t last = last_;
  while (is_left(last)) {
    if (cancels_ || is_interrupted()) {
      cancel_waiting(lock);
      if (!is_left(last)) break;
    }
    const Clock::duration waited = Clock::now() - begin;
    if (gives_up(waited, at_most)) return false;
    if (!told && waited >= silence) {
      told = true;
      const std::size_t left = waiting_.size() + (running_ ? 1 : 0);
      lock.unlock();
      notice(left);
      lock.lock();
      continue;
    }
    changed_.wait_for(lock, at_most ? std::min(look, *at_most - waited) : look);
  }
  return true;
}

bool TaskQueue::gives_up(Clock::duration waited, std::optional<Clock::duration> at_most) {
  constexpr auto patience = std::chrono::seconds(1);
  if (at_most && waited >= *at_most) return true;
  return is_interrupted() && !must_wait() && Clock::now() - *interrupted_ >= patience;
}

kairos_status TaskQueue::take_failure() {
  const std::lock_guard lock(mutex_);
  return std::exchange(failure_, KAIROS_OK);
}

void TaskQueue::cancel() {
  std::unique_lock lock(mutex_);
  cancels_ = true;
  cancel_waiting(lock);
}

void TaskQueue::interrupt() {
  std::unique_lock lock(mutex_);
  if (!interrupted_) interrupted_ = Clock::now();
  cancel_waiting(lock);
}

void TaskQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void TaskQueue::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = cancels_ = closed_ = quits_ = true;
  signal_ = nullptr;
  thread_.detach();
  abandoned_tasks = true;
}

// ---------------------------------------------------------------- with the lock

bool TaskQueue::is_interrupted() {
  if (!interrupted_ && signal_ != nullptr && signal_->load(std::memory_order_relaxed) != 0)
    interrupted_ = Clock::now();
  return interrupted_.has_value();
}

bool TaskQueue::is_left(std::uint64_t last) const {
  return (running_ && running_->number <= last) || (!waiting_.empty() && waiting_.front().number <= last);
}

bool TaskQueue::must_wait() const {
  return (running_ && running_->must_finish) ||
         std::ranges::find(waiting_, true, &BackgroundTask::must_finish) != waiting_.end();
}

void TaskQueue::cancel_waiting(std::unique_lock<std::mutex>& lock) {
  std::vector<BackgroundTask> cancelled;
  std::deque<BackgroundTask> kept;
  for (const BackgroundTask& task : waiting_)
    if (task.must_finish)
      kept.push_back(task);
    else
      cancelled.push_back(task);
  waiting_ = std::move(kept);
  lock.unlock();
  for (const BackgroundTask& task : cancelled) task.tell(KAIROS_TASK_CANCELLED);
  lock.lock();
}

void TaskQueue::start() {
  thread_ = std::thread([this] { run(); });
}

void TaskQueue::fail(kairos_status status) {
  if (status == KAIROS_OK || abandoned_) return;
  if (failure_ == KAIROS_OK) failure_ = status;
  owner_.attention.store(true, std::memory_order_release);
}

// ---------------------------------------------------------------- the thread of the tasks

void TaskQueue::run() {
  const AlternateStack for_crashes;
  yield_to_training();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return quits_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const BackgroundTask task = waiting_.front();
    waiting_.pop_front();
    running_ = task;
    const bool runs = task.must_finish || !(cancels_ || is_interrupted());
    lock.unlock();
    const kairos_status status = runs ? run_one(task) : KAIROS_OK;
    task.tell(runs ? KAIROS_TASK_RAN : KAIROS_TASK_CANCELLED);
    lock.lock();
    running_.reset();
    fail(status);
    changed_.notify_all();
  }
}

/// An exception is none of a plugin whose tasks go through the SDK, which catches it earlier.
kairos_status TaskQueue::run_one(const BackgroundTask& task) {
  const BreadcrumbScope here(owner_.crumb("a background task"));
  try {
    return task.work(task.arg);
  } catch (const abi::__forced_unwind&) {
    replace_thread(task);
    throw;
  } catch (...) {
    return KAIROS_E_EXCEPTION;
  }
}

void TaskQueue::replace_thread(const BackgroundTask& task) {
  task.tell(KAIROS_TASK_RAN);
  const std::lock_guard lock(mutex_);
  running_.reset();
  fail(KAIROS_E_EXCEPTION);
  if (!abandoned_) {
    thread_.detach();
    start();
  }
  changed_.notify_all();
}

}  // namespace kairos::host
