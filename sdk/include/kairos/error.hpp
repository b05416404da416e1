// SPDX-License-Identifier: MIT
// Exceptions of callbacks. The SDK converts them to a status and a message.
#pragma once

#include <stdexcept>
#include <string>

#include "kairos/abi/types.h"

namespace kairos {
inline namespace v1 {

/// A failure of a hook, with its status. Other exceptions are reported as KAIROS_E_EXCEPTION with their text.
class Error : public std::runtime_error {
 public:
  /// `text` says what failed, what was found, what was expected and what to do. The host adds plugin, hook
  /// and epoch.
  Error(kairos_status status, const std::string& text) : std::runtime_error(text), status_(status) {}
  explicit Error(const std::string& text) : Error(KAIROS_E_INVALID, text) {}

  [[nodiscard]] kairos_status status() const noexcept { return status_; }

 private:
  kairos_status status_;
};

/// A host function failed. what() names the operation and the host's reason. If the hook does not catch it,
/// the hook fails with the host's reason.
class HostError : public Error {
 public:
  using Error::Error;
};

}  // namespace v1
}  // namespace kairos
