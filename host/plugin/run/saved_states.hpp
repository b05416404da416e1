// SPDX-License-Identifier: MIT
// What instances remember from one run to the next.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/run/instance.hpp"

namespace kairos::host {

class Session;

/// Saved state of one instance.
struct SavedState {
  std::string id, name;
  bool is_named = false;  ///< by the user: a name that the host gave depends on the order of the plugins
  std::map<std::string, std::string> options;  ///< by name, as `saved_text` writes them; without secrets
  /// False if the instance has no state of its own, or had none to save: version and bytes are empty then.
  bool has_bytes = true;
  std::uint32_t version = 0;
  std::string bytes;
  std::map<std::uint64_t, std::vector<float>> snapshots;
  std::map<std::uint64_t, std::string> trainings = {};
  StepRequests step_requests = {};
};

/// Saves and loads the states of all instances. A state whose instance this run lacks is carried through to
/// the next save.
class SavedStates {
 public:
  explicit SavedStates(Session& session) : session_(session) {}

  [[nodiscard]] std::string save();
  /// The same without the states of instances whose state_save fails, whatever their policy.
  [[nodiscard]] std::string rescue();
  /// Throws Error(Callback) KAIROS-C006 for damaged bytes, KAIROS-C007 for a state that its instance rejects.
  void load(std::string_view bytes);

 private:
  enum class OnFailure { Policy, LeaveOut };
  std::string save_all(OnFailure reaction);
  void save(Instance& instance, OnFailure reaction, std::vector<SavedState>& out);
  void load(Instance& instance, SavedState& state);
  /// False, with a warning, if an option on which the state depends has another value now.
  bool is_valid(const Instance& instance, const SavedState& state);
  void restore_bytes(Instance& instance, const SavedState& state);

  Session& session_;
  std::vector<SavedState> orphans_;               ///< states of instances that this run does not have
  std::map<const Instance*, SavedState> loaded_;  ///< as loaded, for an instance that is disabled later
};

/// For each state the instance that it is for; null if this run has none. Names that the user gave decide,
/// else the instances of a callback whose options differ least.
[[nodiscard]] std::vector<Instance*> owners_of(const std::vector<SavedState>& states,
                                               const std::vector<std::unique_ptr<Instance>>& instances);

/// Whether the host keeps a state for the instance even if it has none of its own.
[[nodiscard]] bool controls_steps(const Instance& instance);

/// The values of the options as they are kept with a state.
[[nodiscard]] std::map<std::string, std::string> saved_options(const Instance& instance);

/// Encoding of saved states; KAIROS-C006 for bytes that are damaged.
[[nodiscard]] std::string encode_states(const std::vector<SavedState>& states);
[[nodiscard]] std::vector<SavedState> decode_states(std::string_view bytes);

}  // namespace kairos::host
