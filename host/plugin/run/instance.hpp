// SPDX-License-Identifier: MIT
// One callback of a run: its code, its options, its policy, and what the host keeps for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kairos/abi.h"
#include "plugin/library.hpp"
#include "plugin/options/expression.hpp"
#include "plugin/options/options.hpp"
#include "plugin/run/breadcrumb.hpp"
#include "plugin/run/step_requests.hpp"
#include "plugin/run/task_queue.hpp"

namespace kairos::host {

class Session;

struct Instance;

/// The host as plugins see it. It lives as long as the process, because a thread that a plugin leaves behind
/// may use it after the run.
struct HostDoor {
  kairos_host host{};
  std::mutex mutex;                 ///< held while a thread is inside, except for waiting
  Instance* instance = nullptr;     ///< null after the end of the session
  int waiting = 0;                  ///< threads that wait for background work of the instance
  std::condition_variable left;     ///< one of them has left
  std::string name, file, contact;  ///< of the instance, for breadcrumbs

  /// Never freed.
  [[nodiscard]] static HostDoor& make();
};

/// Lives at one address from creation to the end of its session.
struct Instance {
  Instance() : door(HostDoor::make()) {}
  ~Instance() { leave(); }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// From here on, calls of the host by threads of the plugin have no effect.
  void leave() {
    std::unique_lock lock(door.mutex);
    door.instance = nullptr;
    door.left.wait(lock, [this] { return door.waiting == 0; });
  }

  Session* session = nullptr;
  std::string name;       ///< unique in the session
  bool is_named = false;  ///< by the user, not by the host
  std::string file;       ///< of the plugin, for messages
  CallbackManifest manifest;
  std::shared_ptr<Library> library;
  kairos_hooks hooks{};
  HostDoor& door;
  bool created = false;  ///< from create to destroy
  void* self = nullptr;  ///< what create stored; null is a callback without data
  bool is_set_up = false;
  bool resumed = false;  ///< its saved state was restored

  /// Of a call of `hook` of this instance.
  [[nodiscard]] Breadcrumb crumb(const char* hook) const noexcept {
    return {door.name.c_str(), door.file.c_str(), hook, door.contact.c_str()};
  }

  ResolvedOptions options;
  std::vector<std::optional<Expression>> expressions;  ///< one for each option; empty for other types
  std::vector<std::uint32_t> published;                ///< keys that it may publish

  StepRequests step_requests;
  std::map<std::uint64_t, std::vector<float>> snapshots;  ///< all weights, one after the other
  std::map<std::uint64_t, std::string> trainings;         ///< slots with TrainingTarget::training_state
  std::uint64_t next_snapshot = 1;

  /// Set if something must be checked before the next hook: the instance was disabled, or one of its
  /// background tasks failed.
  std::atomic<bool> attention = false;
  bool disabled = false;
  TaskQueue tasks{*this};
  bool abandoned = false;  ///< a task did not end: the instance stays, and is never destroyed
  std::int64_t failures = 0;
  std::string first_failure;
};

}  // namespace kairos::host
