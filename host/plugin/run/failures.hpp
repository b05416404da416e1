// SPDX-License-Identifier: MIT
// What the failure of a hook means: the policy of its instance decides.
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include "kairos/host/callbacks.hpp"
#include "plugin/run/call.hpp"
#include "plugin/run/instance.hpp"

namespace kairos::host {

/// Applies on_error=fatal, disable or warn, and remembers the failure that ends the run.
class Failures {
 public:
  explicit Failures(const MessageSink& messages) : messages_(messages) {}

  /// `epoch` is -1 outside of one. Returns if the run goes on; throws Error(Plugin) for a failure while
  /// loading or in setup, Error(Callback) for one in the run whose policy is fatal.
  void handle(kairos_call& call, kairos_status status, std::int64_t epoch);

  /// No hook of the instance is called from here on but teardown; also where a run goes on in which it
  /// failed.
  static void keep_disabled(Instance& instance);

  /// Keeps the current exception until the hook that provoked it returns: an exception cannot pass through
  /// the code of a plugin.
  void postpone();
  [[nodiscard]] bool postponed() const noexcept { return postponed_ != nullptr; }
  /// Throws what was postponed, if anything was.
  void rethrow_postponed();

  /// Warns of each instance that failed and was not fatal, once, at the end of the run.
  void report(const Instance& instance) const;

  /// The failure that ends the run; `instance` is empty if it was not a callback's.
  struct Fatal {
    std::string instance, hook;
    kairos_status status = KAIROS_E_INTERNAL;
  };
  [[nodiscard]] const Fatal& fatal() const noexcept { return fatal_; }

 private:
  void warn(const Instance& instance, const std::string& text) const;

  const MessageSink& messages_;
  Fatal fatal_;
  std::exception_ptr postponed_;
};

}  // namespace kairos::host
