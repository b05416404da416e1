// SPDX-License-Identifier: MIT
// kairos.tasks/1: what plugins give to their task queue. `done` is called, and tasks are waited for, outside
// of the door, through which the tasks may log.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>

#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

kairos_status add(const kairos_host* host, const BackgroundTask& task, std::size_t room, bool drops) {
  std::optional<BackgroundTask> dropped;
  const kairos_status status = with_instance(host, kairos_status{KAIROS_E_STATE}, [&](Instance& instance) {
    try {
      return instance.tasks.add(task, room, drops, dropped);
    } catch (const std::exception&) {  // no memory, or no thread
      return kairos_status{KAIROS_E_MEMORY};
    }
  });
  if (dropped) dropped->tell(KAIROS_TASK_DROPPED);
  return status;
}

kairos_status submit(const kairos_host* host, kairos_status (*work)(void*), void* arg) {
  if (host == nullptr || work == nullptr) return KAIROS_E_INVALID;
  return add(host, {work, nullptr, arg, false, 0}, std::numeric_limits<std::size_t>::max(), false);
}

/// Bytes that this host does not know ask for something that it would not do.
kairos_status read_task(const kairos_task& given, kairos_task& task) {
  if (given.size < sizeof task) return KAIROS_E_INVALID;
  const auto* const bytes = reinterpret_cast<const std::byte*>(&given);
  if (std::any_of(bytes + sizeof task, bytes + given.size,
                  [](std::byte byte) { return byte != std::byte{0}; }))
    return KAIROS_E_UNSUPPORTED;
  task = given;
  if (task.work == nullptr) return KAIROS_E_INVALID;
  constexpr std::uint32_t never_ignored = 0xFFFF;
  const bool known =
      task.when_full == KAIROS_TASK_WHEN_FULL_REFUSE || task.when_full == KAIROS_TASK_WHEN_FULL_DROP;
  return known && (task.flags & never_ignored & ~KAIROS_TASK_MUST_FINISH) == 0 ? KAIROS_OK
                                                                               : KAIROS_E_UNSUPPORTED;
}

kairos_status post(const kairos_host* host, const kairos_task* given) {
  constexpr std::uint32_t usual_room = 64;
  if (host == nullptr || given == nullptr) return KAIROS_E_INVALID;
  kairos_task task;
  KAIROS_RETURN_IF(read_task(*given, task));
  const bool must_finish = (task.flags & KAIROS_TASK_MUST_FINISH) != 0;
  return add(host, {task.work, task.done, task.arg, must_finish, 0}, task.room == 0 ? usual_room : task.room,
             task.when_full == KAIROS_TASK_WHEN_FULL_DROP);
}

/// The instance stays while a thread waits at its door.
kairos_status wait(const kairos_host* host, std::optional<std::chrono::nanoseconds> at_most) {
  if (host == nullptr) return KAIROS_E_INVALID;
  auto& door = *static_cast<HostDoor*>(host->impl);
  std::unique_lock lock(door.mutex);
  Instance* const instance = door.instance;
  // A task that waits for itself would wait forever.
  if (instance == nullptr || std::this_thread::get_id() != instance->session->thread) return KAIROS_E_STATE;
  ++door.waiting;
  lock.unlock();
  const bool ended = instance->tasks.wait(at_most);
  const kairos_status failure = instance->tasks.take_failure();
  lock.lock();
  --door.waiting;
  door.left.notify_all();
  return failure != KAIROS_OK ? failure : ended ? KAIROS_OK : KAIROS_E_BUSY;
}

kairos_status drain(const kairos_host* host) {
  return wait(host, std::nullopt);
}

kairos_status drain_for(const kairos_host* host, std::int64_t nanoseconds) {
  return wait(host, std::chrono::nanoseconds(std::max<std::int64_t>(nanoseconds, 0)));
}

std::int32_t ending(const kairos_host* host) {
  return with_instance(host, std::int32_t{1},
                       [](Instance& instance) { return std::int32_t{instance.tasks.ending() ? 1 : 0}; });
}

}  // namespace

const kairos_tasks tasks_table = {sizeof tasks_table, 0, submit, drain, post, drain_for, ending};

}  // namespace kairos::host
