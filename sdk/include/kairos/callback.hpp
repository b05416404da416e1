// SPDX-License-Identifier: MIT
// The base class of callbacks in C++.
#pragma once

#include <cstdint>

#include "kairos/detail/members.hpp"

namespace kairos {
inline namespace v1 {

/// The order of callbacks inside an event; see sdk/doc/lifecycle.md.
enum class Phase : std::int32_t {
  Measure = KAIROS_PHASE_MEASURE,  ///< adds values to the logs
  Decide = KAIROS_PHASE_DECIDE,    ///< stops the run, sets the learning rate, changes weights
  Report = KAIROS_PHASE_REPORT,    ///< prints and writes logs
  Persist = KAIROS_PHASE_PERSIST   ///< saves, after all decisions of the event
};

/// Capabilities: what a callback may change. Combine them with |, and declare them as
/// `static constexpr auto capabilities`.
enum class Can : std::uint64_t {
  Nothing = 0,
  Stop = KAIROS_CAN_STOP,
  SetOptimizer = KAIROS_CAN_SET_OPTIMIZER,
  WriteWeights = KAIROS_CAN_WRITE_WEIGHTS,
  WriteGradients = KAIROS_CAN_WRITE_GRADIENTS,
  SaveModel = KAIROS_CAN_SAVE_MODEL,
  WriteBatch = KAIROS_CAN_WRITE_BATCH,
  ControlStep = KAIROS_CAN_CONTROL_STEP,
  SaveRun = KAIROS_CAN_SAVE_RUN,
  RunCommands = KAIROS_CAN_RUN_COMMANDS
};
[[nodiscard]] constexpr Can operator|(Can a, Can b) {
  return static_cast<Can>(static_cast<std::uint64_t>(a) | static_cast<std::uint64_t>(b));
}

/// Base of a callback:
///
///     struct Mine : kairos::Callback<Mine> { static constexpr auto id = "com.example.Mine"; … };
///
/// Static members, optional except `id`:
/// - `id`: const char*, reverse domain and name
/// - `summary`: const char*, one sentence
/// - `phase`: Phase, default Decide
/// - `capabilities`: Can; by default Stop | SetOptimizer in the phase Decide, SaveModel in Persist,
///   else Nothing
/// - `publishes`: const char*, "score:max,{monitor}_smooth", log keys that it publishes
/// - `state_version`, `oldest_state_version`: std::uint32_t, default 1
/// - `aliases`: const char*, "com.example.OldName": former ids, in configurations and in saved state
/// - `before`, `after`: const char*, "com.example.Other,…": ids of callbacks of the same phase that are
/// called
///   after and before this one, if they are part of the run; stronger than the user's order
/// - `every_rank`: bool, default false; true: runs on every rank of distributed training, as callbacks of the
///   phases Measure and Decide always do, not on rank 0 alone
///
/// Hooks are member functions with these names; unimplemented ones cost nothing:
///
///     void setup(Run&), on_train_begin(Run&), on_predict_begin(Run&)
///     void on_epoch_begin(Epoch&), on_epoch_end(Epoch&)
///     void on_train_batch_begin(Batch&), on_backward_end(Batch&), on_train_batch_end(Batch&)
///     void on_test_begin(Test&), on_test_end(Test&), on_test_batch_begin(Batch&), on_test_batch_end(Batch&)
///     void on_predict_batch_begin(Batch&), on_predict_batch_end(Batch&)
///     void on_train_end(End&), on_predict_end(End&), teardown(End&)
///     void on_checkpoint_saved(Checkpoint&), on_fault(Fault&), on_interrupt(Interrupt&)
///     void on_artifact(Artifact&)
///
/// Hooks leave the process as it is: locale, floating-point mode, signal handlers and masks, umask, working
/// directory, descriptors 0 to 2; they do not fork or exit.
template <class Derived>
struct Callback : detail::Members {};

}  // namespace v1
}  // namespace kairos
