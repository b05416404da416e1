// SPDX-License-Identifier: MIT
// The part of kairos::Event about run checkpoints (kairos.run/1).
#pragma once

#include <cstdint>
#include <string_view>

#include "kairos/detail/event_steps.hpp"

namespace kairos {
inline namespace v1 {

/// Where a training stands.
struct Position {
  std::int64_t epoch = 0;  ///< to be trained next, from 0
  std::int64_t batch = 0;  ///< of this epoch, to be trained next, from 0
  std::int64_t step = 0;   ///< optimizer steps since the model was created
  std::int64_t pass = -1;  ///< over the data, from 0: the one that began last; -1 before the first
};

namespace detail {

/// All functions throw KAIROS_E_UNSUPPORTED in a training loop that keeps no run checkpoints, and outside a
/// fit.
class EventRuns : public EventSteps {
 public:
  using EventSteps::EventSteps;

  /// Where the training stands, from on_train_begin to on_train_end. Throws KAIROS_E_STATE elsewhere.
  [[nodiscard]] Position position() const {
    kairos_position out{};
    out.size = sizeof out;
    check(runs().position(call_, &out), "asking for the position");
    return {out.epoch, out.batch, out.step, out.pass};
  }
  /// In on_train_batch_end, on_epoch_end and on_train_end: asks for a run checkpoint in a directory, which is
  /// taken after all hooks of the event and written while training goes on. The newest `keep` checkpoints
  /// stay, 1 or 2. on_checkpoint_saved follows, with Checkpoint::is_run(). Needs Can::SaveRun. Throws
  /// KAIROS_E_IO if the directory cannot be written to or another run writes there, KAIROS_E_DENIED for the
  /// run directory, KAIROS_E_STATE in other hooks.
  void checkpoint_run(std::string_view directory, std::uint32_t keep = 1) {
    check(runs().checkpoint(call_, to_abi(directory), keep), "asking for a run checkpoint");
  }

 protected:
  [[nodiscard]] const kairos_run& runs() const { return need(interfaces_.run, KAIROS_RUN); }
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
