// SPDX-License-Identifier: MIT
// Background work of a callback, run by the host.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kairos/detail/members.hpp"
#include "kairos/error.hpp"

namespace kairos {
inline namespace v1 {

/// What `Tasks::post` does if as many tasks wait as there is room for.
enum class when_full : std::int32_t {
  refuse = KAIROS_TASK_WHEN_FULL_REFUSE,  ///< returns false
  drop = KAIROS_TASK_WHEN_FULL_DROP       ///< the oldest task that waits makes room
};

/// What an interrupt (Ctrl-C) does to a task that has not begun.
enum class when_interrupted : std::uint32_t {
  cancel = 0,                       ///< it does not run: plots, messages
  finish = KAIROS_TASK_MUST_FINISH  ///< the run waits for it and tells the user so: files
};

namespace detail {

/// A task on its way through the host. `done` frees it.
template <class Work>
class Job {
 public:
  Job(const kairos_host* host, Work work) : host_(host), work_(std::move(work)) {}

  /// The text of an exception is printed, because a task has no call that could record it.
  static kairos_status run(void* self) noexcept {
    Job& job = *static_cast<Job*>(self);
    try {
      job.work_();
      return KAIROS_OK;
    } catch (const Error& error) {
      return job.failed(error.status(), error.what());
    } catch (const std::bad_alloc&) {
      return KAIROS_E_MEMORY;
    } catch (const std::exception& error) {
      return job.failed(KAIROS_E_EXCEPTION, error.what());
    } catch (...) {
      return KAIROS_E_EXCEPTION;
    }
  }
  static void done(void* self, std::int32_t) noexcept { delete static_cast<Job*>(self); }

 private:
  kairos_status failed(kairos_status status, std::string_view text) const noexcept {
    host_->log(host_, KAIROS_LOG_ERROR, {text.data(), text.size()});
    return status;
  }

  const kairos_host* host_;
  Work work_;
};

}  // namespace detail

/// The background tasks of a callback. The host runs them in order, on one thread for each instance, while
/// training goes on. `post` never waits.
///
///     kairos::Tasks tasks{this, 64};
///     tasks.post([text] { send(text); }, kairos::when_full::drop);
///
/// A task owns what it uses: capture values, not the event, which ends with its hook. It must not call
/// functions of an event. An exception in a task is printed, and fails the next hook of the instance. A task
/// that waits or loops asks `ending()`: a second after an interrupt, an instance with a running task is
/// abandoned, and never destroyed.
class Tasks {
 public:
  /// At most `room` tasks wait; the running one is not counted.
  constexpr explicit Tasks(detail::Members* owner, std::uint32_t room = 64) : owner_(owner), room_(room) {}
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  /// Runs `work()` in the background. False if there is no room and nothing may be dropped. Throws Error with
  /// KAIROS_E_STATE after teardown. On any thread.
  template <class Work>
  bool post(Work work, when_full full = when_full::refuse,
            when_interrupted interrupted = when_interrupted::cancel) {
    static_assert(std::is_invocable_v<Work&>,
                  "kairos: a task is called without arguments, such as [text] { send(text); }");
    using Job = detail::Job<Work>;
    auto job = std::make_unique<Job>(owner_->interfaces.host, std::move(work));
    kairos_task task{};
    task.size = sizeof task;
    task.when_full = static_cast<std::int32_t>(full);
    task.room = room_;
    task.flags = static_cast<std::uint32_t>(interrupted);
    task.work = &Job::run;
    task.done = &Job::done;
    task.arg = job.get();
    const kairos_status status = table().post(owner_->interfaces.host, &task);
    if (status == KAIROS_OK) static_cast<void>(job.release());
    return is_done(status, "a background task cannot be posted");
  }

  /// Waits for the tasks posted before. Throws Error if one of them failed, and with KAIROS_E_BUSY if one has
  /// not ended a second after an interrupt. In hooks alone.
  void drain() {
    if (!is_done(table().drain(owner_->interfaces.host), "a background task failed"))
      throw Error(KAIROS_E_BUSY, "a background task has not ended a second after an interrupt");
  }
  /// The same, for at most so long. False if tasks are left.
  bool drain_for(std::chrono::nanoseconds time) {
    return is_done(table().drain_for(owner_->interfaces.host, time.count()), "a background task failed");
  }
  /// Whether the run is to end: a task that waits or loops asks, and returns. On any thread.
  [[nodiscard]] bool ending() const { return table().ending(owner_->interfaces.host) != 0; }

 private:
  [[nodiscard]] const kairos_tasks& table() const {
    if (owner_->interfaces.tasks == nullptr)
      throw Error(KAIROS_E_UNSUPPORTED, "this host does not offer " KAIROS_TASKS);
    return *owner_->interfaces.tasks;
  }
  static bool is_done(kairos_status status, const char* otherwise) {
    if (status != KAIROS_OK && status != KAIROS_E_BUSY)
      throw Error(status, otherwise + (" (status " + std::to_string(status)) + ")");
    return status == KAIROS_OK;
  }

  detail::Members* owner_;
  std::uint32_t room_;
};

}  // namespace v1
}  // namespace kairos
