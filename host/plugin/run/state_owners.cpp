// SPDX-License-Identifier: MIT
// Finds the instance that a saved state is for.
#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "plugin/options/secrets.hpp"
#include "plugin/run/saved_states.hpp"

namespace kairos::host {

namespace {

/// How badly a state fits an instance of its callback. Smaller is better; the last two numbers keep the
/// order.
struct Fit {
  std::size_t former;           ///< number of the former id that it was saved under, from 1; 0 for the id
  std::size_t voiding, others;  ///< options with another value
  bool other_name;
  std::size_t state, instance;

  [[nodiscard]] bool operator<(const Fit& b) const {
    return std::tie(former, voiding, others, other_name, state, instance) <
           std::tie(b.former, b.voiding, b.others, b.other_name, b.state, b.instance);
  }
};

/// Where the id of a state is in the id and the former ids of a callback; past their end if it is none of
/// them.
std::size_t place_of(const std::string& id, const CallbackManifest& callback) {
  if (id == callback.id) return 0;
  return 1 + static_cast<std::size_t>(std::ranges::find(callback.aliases, id) - callback.aliases.begin());
}

Fit fit_of(const SavedState& state, const Instance& instance) {
  Fit fit{place_of(state.id, instance.manifest), 0, 0, state.name != instance.name, 0, 0};
  const auto now = saved_options(instance);
  for (const OptionSpec& option : instance.manifest.options) {
    const auto before = state.options.find(option.name);
    if (before == state.options.end() || is_secret(option) || before->second == now.at(option.name)) continue;
    ++((option.flags & KAIROS_OPTION_STATE) != 0 ? fit.voiding : fit.others);
  }
  return fit;
}

/// A list by the values of its items, however they were written.
std::string saved_text(const OptionValue& value) {
  if (value.type != KAIROS_TYPE_LIST) return value_text(value);
  std::string text;
  for (const OptionValue& item : value.items) text += (text.empty() ? "" : ",") + value_text(item);
  return text;
}

bool can_own(const Instance& instance, const SavedState& state) {
  if (place_of(state.id, instance.manifest) > instance.manifest.aliases.size()) return false;
  return state.has_bytes ? instance.hooks.state_load != nullptr : controls_steps(instance);
}

}  // namespace

bool controls_steps(const Instance& instance) {
  return (instance.manifest.capabilities & KAIROS_CAN_CONTROL_STEP) != 0;
}

std::map<std::string, std::string> saved_options(const Instance& instance) {
  std::map<std::string, std::string> texts;
  for (std::size_t i = 0; i < instance.manifest.options.size(); ++i) {
    const OptionSpec& option = instance.manifest.options[i];
    const OptionValue& value = instance.options.values[i];
    if (!is_secret(option)) texts[option.name] = std::to_string(value.type) + ":" + saved_text(value);
  }
  return texts;
}

std::vector<Instance*> owners_of(const std::vector<SavedState>& states,
                                 const std::vector<std::unique_ptr<Instance>>& instances) {
  std::vector<Instance*> owners(states.size(), nullptr);
  const auto is_taken = [&](const Instance* instance) {
    return std::ranges::find(owners, instance) != owners.end();
  };
  std::vector<Fit> fits;
  for (std::size_t s = 0; s < states.size(); ++s)
    for (std::size_t i = 0; i < instances.size(); ++i) {
      const Instance& instance = *instances[i];
      if (!can_own(instance, states[s])) continue;
      if (states[s].is_named || instance.is_named) {
        if (states[s].name == instance.name && owners[s] == nullptr && !is_taken(&instance))
          owners[s] = instances[i].get();
        continue;
      }
      fits.push_back(fit_of(states[s], instance));
      fits.back().state = s;
      fits.back().instance = i;
    }
  std::ranges::sort(fits, [](const Fit& a, const Fit& b) { return a < b; });
  for (const Fit& fit : fits)
    if (owners[fit.state] == nullptr && !is_taken(instances[fit.instance].get()))
      owners[fit.state] = instances[fit.instance].get();
  return owners;
}

}  // namespace kairos::host
