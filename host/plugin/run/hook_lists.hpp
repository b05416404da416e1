// SPDX-License-Identifier: MIT
// For every hook, the instances that implement it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kairos/abi.h"
#include "plugin/run/instance.hpp"

namespace kairos::host {

/// A hook by name, and the instances that implement it, in calling order.
struct HookList {
  const char* name;
  std::vector<Instance*> listeners;
};

/// A list for every hook, of the hook's name.
struct HookLists {
#define KAIROS_DETAIL_HOOK(hook, EventClass, Event, place) HookList hook{#hook, {}};
#include "kairos/abi/hook_list.inc"

  /// Fills the lists from instances in calling order. teardown is called in reverse order.
  void subscribe(const std::vector<Instance*>& ordered);

  /// The instances of the phase measure, and those of the others.
  [[nodiscard]] static std::pair<HookList, HookList> divided(const HookList& list);

  /// One line for each implemented hook, in the course of a run: "on_epoch_end: [decide] EarlyStopping".
  [[nodiscard]] std::string explain() const;
};

}  // namespace kairos::host
