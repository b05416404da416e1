// SPDX-License-Identifier: MIT
// The sentence of an error, for tests that hold errors to their words.
#pragma once

#include <string>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::tests {

/// What `action` throws as an Error; "" if it throws none.
template <typename Action>
std::string error_of(Action&& action) {
  try {
    (void)std::forward<Action>(action)();
  } catch (const kairos::host::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace kairos::tests
