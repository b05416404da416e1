// SPDX-License-Identifier: MIT
// What an author throws; it becomes a status and a sentence at the boundary.
#pragma once

#include <stdexcept>
#include <string>

#include "kairos/abi/types.h"

namespace kairos {
inline namespace v1 {

/// A failure with the status that the host sees. Any other exception is reported as KAIROS_E_EXCEPTION with
/// its text.
class Error : public std::runtime_error {
 public:
  /// `text` says what failed, what was found, what was expected and what to do; the host adds plugin, hook
  /// and epoch.
  Error(kairos_status status, const std::string& text) : std::runtime_error(text), status_(status) {}
  explicit Error(const std::string& text) : Error(KAIROS_E_INVALID, text) {}

  [[nodiscard]] kairos_status status() const noexcept { return status_; }

 private:
  kairos_status status_;
};

/// A function of the host failed. The host has recorded its reason in the call; what() only says what was
/// being done. An author may let it pass, which ends the hook with the host's reason, or catch it and go on.
class HostError : public Error {
 public:
  using Error::Error;
};

}  // namespace v1
}  // namespace kairos
