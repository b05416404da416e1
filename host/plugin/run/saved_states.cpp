// SPDX-License-Identifier: MIT
// Calls state_save and state_load.
#include "plugin/run/saved_states.hpp"

#include <algorithm>
#include <utility>

#include "kairos/host/error.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void reject(const Instance& instance, const std::string& what, const std::string& found,
                         const std::string& expected) {
  throw Error(ErrorKind::Callback,
              {"KAIROS-C007", instance.name + " (" + instance.file + ")", what, found, expected,
               "Resume with the plugin that saved it, or start without the saved state"});
}

std::size_t weight_count(TrainingTarget& target) {
  std::size_t count = 0;
  for (const TensorRef& weight : target.tensors(Role::Weight))
    count += static_cast<std::size_t>(weight.size());
  return count;
}

void check(const Instance& instance, const SavedState& state, std::size_t weights) {
  const CallbackManifest& manifest = instance.manifest;
  if (!state.has_bytes) return;
  if (state.version > manifest.state_version || state.version < manifest.oldest_state_version)
    reject(instance, "its saved state cannot be read by this plugin",
           "state version " + std::to_string(state.version),
           std::to_string(manifest.oldest_state_version) + " … " + std::to_string(manifest.state_version));
  for (const auto& [slot, values] : state.snapshots)
    if (values.size() != weights)
      reject(instance, "its saved weights belong to another model",
             std::to_string(values.size()) + " numbers", std::to_string(weights));
}

/// What the instance asked of the update steps must fit the model and the loop.
void check_steps(const Instance& instance, const StepRequests& requests, TrainingTarget& target) {
  if (requests.none()) return;
  if (target.step_control() == nullptr)
    reject(instance, "its saved state controls the update steps", "a training loop that does not allow it",
           "one with a StepControl");
  std::uint32_t last = 0;
  if (!requests.frozen.empty()) last = *requests.frozen.rbegin();
  if (!requests.factors.empty()) last = std::max(last, requests.factors.rbegin()->first);
  const std::size_t count = target.tensors(Role::Weight).size();
  if (last >= count)
    reject(instance, "its saved state controls the steps of another model", "weight " + std::to_string(last),
           "one of " + std::to_string(count) + " weights");
}

/// Gives out the bytes of a state from first to last.
struct StateReader {
  std::string_view rest;

  static kairos_status read(void* impl, void* bytes, std::uint64_t count, std::uint64_t* got) {
    if (impl == nullptr || got == nullptr || (bytes == nullptr && count != 0)) return KAIROS_E_INVALID;
    std::string_view& rest = static_cast<StateReader*>(impl)->rest;
    *got = std::min<std::uint64_t>(count, rest.size());
    std::copy_n(rest.data(), *got, static_cast<char*>(bytes));
    rest.remove_prefix(*got);
    return KAIROS_OK;
  }
};

kairos_status append(void* impl, const void* bytes, std::uint64_t count) noexcept {
  if (impl == nullptr || (bytes == nullptr && count != 0)) return KAIROS_E_INVALID;
  try {
    static_cast<std::string*>(impl)->append(static_cast<const char*>(bytes), count);
  } catch (const std::exception&) {
    return KAIROS_E_MEMORY;  // also a count that no string can have
  }
  return KAIROS_OK;
}

/// A saved value for messages.
std::string shown(const std::string& saved) {
  const std::string text = saved.substr(saved.find(':') + 1);
  return text.empty() ? "not set" : text;
}

}  // namespace

/// Not of an instance whose hook has called exit: it was interrupted midway, and may hold a lock.
void SavedStates::save(Instance& instance, OnFailure reaction, std::vector<SavedState>& out) {
  if (Session::is_running(instance)) return;
  SavedState state{instance.manifest.id,
                   instance.name,
                   instance.is_named,
                   saved_options(instance),
                   true,
                   instance.manifest.state_version,
                   {},
                   instance.snapshots,
                   instance.trainings,
                   instance.step_requests};
  if (instance.hooks.state_save == nullptr || instance.disabled) {
    const auto loaded = instance.disabled ? loaded_.find(&instance) : loaded_.end();
    if (loaded == loaded_.end() && !controls_steps(instance)) return;
    if (loaded != loaded_.end()) state = loaded->second;
    if (loaded == loaded_.end()) state.has_bytes = false;
    state.step_requests = instance.step_requests;  // they outlive the instance's own part
    out.push_back(std::move(state));
    return;
  }
  const kairos_writer writer{sizeof writer, 0, &state.bytes, append};
  CheckedCall call(session_, instance, "state_save", Moment::Beside);
  const kairos_status status = session_.call_alone(
      instance, *call, [&] { return instance.hooks.state_save(instance.self, &*call, &writer); });
  if (status == KAIROS_OK)
    out.push_back(std::move(state));
  else if (reaction == OnFailure::Policy)
    session_.failed(*call, status);
}

std::string SavedStates::save() {
  return save_all(OnFailure::Policy);
}

std::string SavedStates::rescue() {
  return save_all(OnFailure::LeaveOut);
}

/// Inside a hook, which has called exit or ended the thread, the run ends: what is swapped in is taken out.
/// Else it is live again afterwards.
std::string SavedStates::save_all(OnFailure reaction) {
  if (breadcrumb.now().hook != nullptr) session_.weights.end();
  const PresentedWeights::Aside trained(session_.weights);
  session_.restore_process();
  session_.checkpoints.wait();
  std::vector<SavedState> states;
  for (const auto& instance : session_.instances) save(*instance, reaction, states);
  states.insert(states.end(), orphans_.begin(), orphans_.end());
  return encode_states(states);
}

void SavedStates::load(Instance& instance, SavedState& state) {
  check(instance, state, weight_count(session_.target));
  check_steps(instance, state.step_requests, session_.target);
  if (state.has_bytes) restore_bytes(instance, state);
  instance.resumed = state.has_bytes || instance.hooks.state_load == nullptr;
  instance.snapshots = std::move(state.snapshots);
  instance.trainings = std::move(state.trainings);
  const auto last = [](const auto& slots) { return slots.empty() ? 0 : slots.rbegin()->first; };
  instance.next_snapshot = std::max(last(instance.snapshots), last(instance.trainings)) + 1;
  session_.steps.restore(instance, state.step_requests);
}

void SavedStates::restore_bytes(Instance& instance, const SavedState& state) {
  StateReader source{state.bytes};
  const kairos_reader reader{sizeof reader, state.version, &source, state.bytes.size(), StateReader::read};
  CheckedCall call(session_, instance, "state_load", Moment::SetUp);
  const kairos_status status = session_.call_alone(
      instance, *call, [&] { return instance.hooks.state_load(instance.self, &*call, &reader); });
  if (status != KAIROS_OK) reject(instance, "it refused its saved state", call->reason, "");
}

bool SavedStates::is_valid(const Instance& instance, const SavedState& state) {
  const auto now = saved_options(instance);
  for (const OptionSpec& option : instance.manifest.options) {
    const auto before = state.options.find(option.name);
    if ((option.flags & KAIROS_OPTION_STATE) == 0 || before == state.options.end() ||
        before->second == now.at(option.name))
      continue;
    session_.message(Level::Warning, instance.name,
                     "its saved state is for another value of the option " + option.name + " (" +
                         shown(before->second) + ", now " + shown(now.at(option.name)) +
                         ") and is not restored: it starts anew");
    return false;
  }
  return true;
}

void SavedStates::load(std::string_view bytes) {
  std::vector<SavedState> states = decode_states(bytes);
  const std::vector<Instance*> owners = owners_of(states, session_.instances);
  for (std::size_t i = 0; i < states.size(); ++i) {
    SavedState& state = states[i];
    if (Instance* const owner = owners[i]; owner != nullptr) {
      if (!is_valid(*owner, state)) continue;
      state.name = owner->name;
      loaded_[owner] = state;
      load(*owner, state);
    } else {
      session_.message(
          Level::Info, "",
          "the saved state of " + state.name + " (" + state.id + ") is kept for a run that has it");
      orphans_.push_back(std::move(state));
    }
  }
  session_.facts.resumed = true;
}

}  // namespace kairos::host
