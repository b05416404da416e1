// SPDX-License-Identifier: MIT
// Undoes changes that hooks make to the process, and finds the hook that made them.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugin/run/instance.hpp"
#include "plugin/run/process_state.hpp"
#include "plugin/run/standard_streams.hpp"

namespace kairos::host {

/// Rounding and traps are compared after every hook, and the treatment of denormals after all hooks but those
/// of batches. State that needs system calls is compared after create, setup and the hooks of epochs, as long
/// as that takes at most a thousandth of the time. A change by a hook of batches is found before the next
/// hook that is compared; if several instances have such hooks, they are then watched for a whole epoch.
/// Before results are written, and at the end, everything is compared.
class ProcessGuard {
 public:
  using Warn = std::function<void(const std::string& instance, const std::string& text)>;
  /// `owns_process`: only hooks change the shared state of the process, so it may be restored. Otherwise only
  /// the floating-point control of the thread is.
  ProcessGuard(bool owns_process, Warn warn);

  /// Called after a hook with `before`, a Rounding or FloatControl. Ends the process if it is a forked child
  /// of the one that trains.
  template <class Control>
  void after_hook(const Control& before, const Instance& instance, const char* hook) {
    if (Control::now() == before && !fork_mark_.in_child()) [[likely]]
      return;
    end_forked_child(instance, hook);
    before.restore();
    warn_once(instance.name, hook, float_control_text);
  }

  /// From now on everything is compared after every hook, whatever it costs.
  void compare_always() noexcept { always_ = true; }
  /// Whether state that needs system calls is compared after each hook of a batch, or of a rarer event.
  [[nodiscard]] bool watches_batches() const noexcept { return always_ || watches_batches_; }
  [[nodiscard]] bool is_due() const;
  /// Directly after a hook. A difference was made by it if `catch_up` was called before it.
  void compare(const std::string& instance, const char* hook);

  /// Hooks after which `compare` is not called.
  enum Uncompared : unsigned { OfBatches = 1, OfRarerEvents = 2 };
  void leave_uncompared(Uncompared hooks) noexcept { uncompared_ |= hooks; }
  /// Restores what hooks of `instances` changed since the last comparison, and names those that may have.
  void catch_up(const std::vector<Instance*>& instances) {
    if (uncompared_ != 0) find_changes(instances);
  }

  /// Called before the hooks at the end of an epoch: finds changes by the batch hooks of `instances`.
  void compare_epoch(const std::vector<Instance*>& instances);
  /// Called before results are written: restores everything whatever it costs, and names the instances that
  /// may have made changes that no single one was found for.
  void conclude(const std::vector<Instance*>& instances);

 private:
  using Clock = std::chrono::steady_clock;

  /// Returns only in the process that trains.
  void end_forked_child(const Instance& instance, const char* hook) const;
  void find_changes(const std::vector<Instance*>& instances);
  void tell_suspects();
  /// Empty where nothing has changed.
  std::vector<std::string> restore_process();
  void warn_once(const std::string& instance, const std::string& subject, const std::string& what);

  Warn warn_;
  ForkMark fork_mark_;
  std::optional<ProcessState> known_;       ///< empty if the process is not owned
  std::optional<StandardStreams> streams_;  ///< the same
  Clock::time_point start_ = Clock::now();
  Clock::duration spent_{};
  unsigned uncompared_ = 0;
  bool always_ = false;
  bool watches_batches_ = false;
  bool watched_whole_epoch_ = false;
  std::string unnamed_;  ///< changes made by one of several instances
  std::vector<std::string> suspects_;
  std::set<std::string> warned_;
};

}  // namespace kairos::host
