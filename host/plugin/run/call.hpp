// SPDX-License-Identifier: MIT
// What the host keeps while a hook runs; plugins see it as an opaque pointer.
#pragma once

#include <string>
#include <utility>

#include "kairos/abi.h"

namespace kairos::host {

class Session;
struct Instance;

/// When a call happens; later ones allow more (kairos/abi/types.h). Beside: state_save and teardown, which
/// belong to no event of a run.
enum class Moment { Loading, SetUp, Beside, Running, EpochEnd };

}  // namespace kairos::host

#define KAIROS_RETURN_IF(expression) \
  if (const kairos_status refused_with = (expression); refused_with != KAIROS_OK) return refused_with

struct kairos_call {
  kairos_call(kairos::host::Session* of, kairos::host::Instance* callee, const char* slot,
              kairos::host::Moment when)
      : session(of), instance(callee), hook(slot), moment(when) {}

  kairos::host::Session* session;
  kairos::host::Instance* instance;  ///< changes as the call goes from listener to listener
  const char* hook;
  kairos::host::Moment moment;
  bool over = false;           ///< the hook has returned; only while plugins are checked
  unsigned written_roles = 0;  ///< bit 1 << role for each tensor that was borrowed for writing
  /// The optimizer's learning rate, if it was borrowed for writing by a callback that may not set it, and its
  /// value before; else null.
  float* guarded_rate = nullptr;
  float rate_before = 0;

  std::string reason;   ///< why a call of the host failed, or what `fail` was told
  std::string refusal;  ///< why a call of the host failed last, which `fail` adds to the plugin's own text
  kairos_status refused_with = KAIROS_OK;

  bool predicted = false;  ///< in this hook, so that it may borrow outputs

  std::string lent;  ///< text that the hook may read until it returns

  /// Called before the next listener, so that one listener's refusal is not taken for another's.
  void forget() {
    reason.clear();
    refusal.clear();
    refused_with = KAIROS_OK;
    predicted = false;
  }

  /// Remembers why a function of the host fails; returns `status`.
  kairos_status refuse(kairos_status status, std::string why) {
    reason = std::move(why);
    refusal = reason;
    refused_with = status;
    return status;
  }
  /// The same for a failure that is an answer, such as a key that the logs do not have: it is no reason for
  /// whatever fails next.
  kairos_status decline(kairos_status status, std::string why) {
    reason = std::move(why);
    refusal.clear();
    refused_with = KAIROS_OK;
    return status;
  }
};
