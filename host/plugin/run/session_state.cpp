// SPDX-License-Identifier: MIT
// What instances remember from one run to the next.
#include <algorithm>
#include <utility>

#include "kairos/host/error.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

/// Not of an instance whose hook has called exit: it is in the middle of something, and may hold a lock.
void Session::save_instance(Instance& instance, std::vector<SavedState>& out) {
  if (is_running(instance)) return;
  if (instance.disabled)
    if (const auto loaded = loaded_.find(&instance); loaded != loaded_.end()) out.push_back(loaded->second);
  if (instance.hooks.state_save == nullptr || instance.disabled) return;
  SavedState state{
      instance.manifest.id, instance.name, instance.manifest.state_version, {}, instance.snapshots};
  const kairos_writer writer{
      sizeof writer, 0, &state.bytes, [](void* impl, const void* bytes, std::uint64_t count) {
        static_cast<std::string*>(impl)->append(static_cast<const char*>(bytes), count);
        return kairos_status{KAIROS_OK};
      }};
  kairos_call call(this, &instance, "state_save", Moment::SetUp);
  const kairos_status status =
      call_alone(instance, call, [&] { return instance.hooks.state_save(instance.self, &call, &writer); });
  if (status != KAIROS_OK) {
    call.moment = Moment::Training;
    handle_failure(call, status);
  } else {
    out.push_back(std::move(state));
  }
}

std::string Session::save_state() {
  restore_process();
  background_save.wait();
  std::vector<SavedState> states;
  for (const auto& instance : instances) save_instance(*instance, states);
  states.insert(states.end(), orphans_.begin(), orphans_.end());
  return encode_states(states);
}

void Session::load_instance(Instance& instance, SavedState& state) {
  const auto refuse = [&](const std::string& what, const std::string& found, const std::string& expected) {
    throw Error(ErrorKind::Callback,
                {"KAIROS-C007", instance.name + " (" + instance.file + ")", what, found, expected,
                 "Resume with the plugin that saved it, or start without the saved state"});
  };
  if (state.version > instance.manifest.state_version ||
      state.version < instance.manifest.oldest_state_version)
    refuse("its saved state cannot be read by this plugin", "state version " + std::to_string(state.version),
           std::to_string(instance.manifest.oldest_state_version) + " … " +
               std::to_string(instance.manifest.state_version));
  struct Source {
    std::string_view rest;
  } source{state.bytes};
  const kairos_reader reader{sizeof reader, state.version, &source, state.bytes.size(),
                             [](void* impl, void* bytes, std::uint64_t count, std::uint64_t* got) {
                               Source& from = *static_cast<Source*>(impl);
                               *got = std::min<std::uint64_t>(count, from.rest.size());
                               std::copy_n(from.rest.data(), *got, static_cast<char*>(bytes));
                               from.rest.remove_prefix(*got);
                               return kairos_status{KAIROS_OK};
                             }};
  std::size_t weights = 0;
  for (const TensorRef& weight : target.tensors(Role::Weight))
    weights += static_cast<std::size_t>(weight.size());
  for (const auto& [slot, values] : state.snapshots)
    if (values.size() != weights)
      refuse("the weights that it remembers are of another model", std::to_string(values.size()) + " numbers",
             std::to_string(weights));
  kairos_call call(this, &instance, "state_load", Moment::SetUp);
  const kairos_status status =
      call_alone(instance, call, [&] { return instance.hooks.state_load(instance.self, &call, &reader); });
  if (status != KAIROS_OK) refuse("it refused its saved state", call.reason, "");
  instance.snapshots = std::move(state.snapshots);
  instance.next_snapshot = instance.snapshots.empty() ? 1 : instance.snapshots.rbegin()->first + 1;
}

void Session::load_state(std::string_view bytes) {
  for (SavedState& state : decode_states(bytes)) {
    const auto owner = std::find_if(instances.begin(), instances.end(), [&](const auto& instance) {
      return instance->manifest.id == state.id && instance->name == state.name &&
             instance->hooks.state_load != nullptr;
    });
    if (owner != instances.end()) {
      loaded_[owner->get()] = state;
      load_instance(**owner, state);
    } else {
      message(Level::Info, "",
              "the saved state of " + state.name + " (" + state.id + ") is kept for a run that has it");
      orphans_.push_back(std::move(state));
    }
  }
  resumed = true;
}

}  // namespace kairos::host
