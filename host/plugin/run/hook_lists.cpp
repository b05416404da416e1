// SPDX-License-Identifier: MIT
// Sorts instances into the lists of hooks.
#include "plugin/run/hook_lists.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

namespace {

std::string line_of(const HookList& list) {
  std::string line = std::string(list.name) + ":";
  std::string_view phase;
  for (const Instance* instance : list.listeners) {
    if (phase != phase_name(instance->manifest.phase)) {
      phase = phase_name(instance->manifest.phase);
      line += " [" + std::string(phase) + "]";
    }
    line += " " + instance->name;
  }
  return line + "\n";
}

}  // namespace

void HookLists::subscribe(const std::vector<Instance*>& ordered) {
  for (Instance* instance : ordered) {
#define KAIROS_DETAIL_HOOK(hook, EventClass, Event, place) \
  if (instance->hooks.hook != nullptr) hook.listeners.push_back(instance);
#include "kairos/abi/hook_list.inc"
  }
  std::ranges::reverse(teardown.listeners);
}

std::pair<HookList, HookList> HookLists::divided(const HookList& list) {
  std::pair<HookList, HookList> parts{{list.name, {}}, {list.name, {}}};
  for (Instance* instance : list.listeners)
    (instance->manifest.phase == KAIROS_PHASE_MEASURE ? parts.first : parts.second)
        .listeners.push_back(instance);
  return parts;
}

std::string HookLists::explain() const {
  struct Placed {
    int place;
    const HookList* list;
  };
  std::array lists{
#define KAIROS_DETAIL_HOOK(hook, EventClass, Event, place) Placed{place, &hook},
#include "kairos/abi/hook_list.inc"
  };
  std::ranges::sort(lists, {}, &Placed::place);
  std::string text;
  for (const Placed& placed : lists)
    if (!placed.list->listeners.empty()) text += line_of(*placed.list);
  return text;
}

}  // namespace kairos::host
