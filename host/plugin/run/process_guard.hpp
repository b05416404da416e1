// SPDX-License-Identifier: MIT
// Undoes what hooks change of the process, and finds out whose hook it was.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugin/run/instance.hpp"
#include "plugin/run/process_state.hpp"

namespace kairos::host {

/// How the thread rounds and traps is compared after every hook, and what it does about denormals after all
/// but those of batches. What takes system calls is compared after create, setup and the hooks of epochs, as
/// long as that is a thousandth of the time; changes by the hooks of batches are found before the next hook
/// that is compared, and where several instances have such hooks, theirs are watched until a whole epoch has
/// ended. Before results are written, and at the end, everything is compared.
class ProcessGuard {
 public:
  using Warn = std::function<void(const std::string& instance, const std::string& text)>;
  /// `owns_process`: nothing but hooks changes what the process shares, so that it may be restored. Else only
  /// the floating-point control of the thread is.
  ProcessGuard(bool owns_process, Warn warn);

  /// After a hook, against what `Control`, one of Rounding and FloatControl, was before. Ends the process
  /// where it is a forked child of the one that trains.
  template <class Control>
  void after_hook(const Control& before, const Instance& instance, const char* hook) {
    if (Control::now() == before && !fork_mark_.in_child()) [[likely]]
      return;
    end_forked_child(instance, hook);
    before.restore();
    warn_once(instance.name, hook, float_control_text);
  }

  /// Whether what takes system calls is to be compared after each hook of a batch, or of a rarer event.
  [[nodiscard]] bool watches_batches() const noexcept { return watches_batches_; }
  [[nodiscard]] bool is_due() const;
  /// Directly after a hook: a difference is its own, if `catch_up` was called before it.
  void compare(const Instance& instance, const char* hook);

  /// Hooks that `compare` is not called after.
  enum Uncompared : unsigned { OfBatches = 1, OfRarerEvents = 2 };
  void leave_uncompared(Uncompared hooks) noexcept { uncompared_ |= hooks; }
  /// Restores what those of `instances` have changed since the last comparison, and names who may have.
  void catch_up(const std::vector<Instance*>& instances) {
    if (uncompared_ != 0) find_changes(instances);
  }

  /// Before the hooks of the end of an epoch: what have the hooks of batches of `instances` changed?
  void compare_epoch(const std::vector<Instance*>& instances);
  /// Before something is written that must not depend on what hooks have changed: restores it whatever that
  /// costs, and names those who may have changed what no single one was found for.
  void conclude(const std::vector<Instance*>& instances);

 private:
  using Clock = std::chrono::steady_clock;

  /// Returns in the process that trains.
  void end_forked_child(const Instance& instance, const char* hook) const;
  void find_changes(const std::vector<Instance*>& instances);
  void tell_suspects();
  /// Empty where nothing has changed.
  std::vector<std::string> restore_process();
  void warn_once(const std::string& instance, const std::string& subject, const std::string& what);

  Warn warn_;
  ForkMark fork_mark_;
  std::optional<ProcessState> known_;  ///< empty where the process is not ours
  Clock::time_point start_ = Clock::now();
  Clock::duration spent_{};
  unsigned uncompared_ = 0;
  bool watches_batches_ = false;
  bool watched_whole_epoch_ = false;
  std::string unnamed_;  ///< what was changed by one of several instances
  std::vector<std::string> suspects_;
  std::set<std::string> warned_;
};

}  // namespace kairos::host
