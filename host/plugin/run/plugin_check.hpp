// SPDX-License-Identifier: MIT
// Proves that callbacks change only what they may: for tests of plugins, not for speed.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/abi.h"
#include "plugin/run/call.hpp"

namespace kairos::host {

/// Compares all tensors before and after every hook, keeps every kairos_call so that its use after the hook
/// is noticed, and turns each offence into Error(Callback) KAIROS-C020 at the end of the hook. Offences come
/// from any thread, everything else from the fit thread.
class PluginCheck {
 public:
  explicit PluginCheck(Session& session) : session_(session) {}
  ~PluginCheck();
  PluginCheck(const PluginCheck&) = delete;
  PluginCheck& operator=(const PluginCheck&) = delete;

  /// The call of one hook of one instance. It is never freed.
  kairos_call& begin(Instance& instance, const char* hook, Moment moment);
  /// After the hook of that call, before what it wrote is announced. Throws for the first offence.
  void end(kairos_call& call);

  /// An offence of the instance of this name.
  void report(std::string_view instance, std::string what);

  /// Number of hooks that were called.
  [[nodiscard]] std::int64_t hooks() const noexcept { return hooks_; }
  /// Whether an offence was raised.
  [[nodiscard]] bool offended() const noexcept { return offended_; }

 private:
  struct Sum {
    std::int32_t role;
    std::size_t index;
    std::uint64_t sum;
  };
  struct Offence {
    std::string instance, what;
  };

  void take_sums(kairos_call& call, std::vector<Sum>& sums);
  /// Reports the first tensor that differs from `known_`, without right.
  void compare(kairos_call& call);
  [[nodiscard]] bool may_differ(const kairos_call& call, const Sum& sum) const;
  void raise();

  Session& session_;
  std::vector<kairos_call*> calls_;   ///< all of the session
  std::vector<kairos_call*> active_;  ///< a hook that saves has others inside
  std::vector<Sum> known_, now_;
  std::uint64_t generation_ = 0;  ///< of `known_`
  std::int64_t hooks_ = 0;
  bool offended_ = false;
  std::mutex mutex_;
  std::vector<Offence> offences_;
};

/// A call of a hook: of the check if there is one, else a local one. Ends with the hook.
class CheckedCall {
 public:
  CheckedCall(Session& session, Instance& instance, const char* hook, Moment moment);
  kairos_call& operator*() noexcept { return *call_; }
  kairos_call* operator->() noexcept { return call_; }

 private:
  std::optional<kairos_call> local_;
  kairos_call* call_;
};

/// Notices a call that is used after its hook. True if it was.
[[nodiscard]] bool is_stale(const kairos_call& call);

}  // namespace kairos::host
