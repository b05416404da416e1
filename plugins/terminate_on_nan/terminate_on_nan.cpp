// SPDX-License-Identifier: MIT
// Stops a run whose loss, gradients or weights are NaN or infinite.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "../common/finite.hpp"
#include "../common/log_keys.hpp"

namespace kairos::plugins {

/// Behaves as Keras 3.15 `TerminateOnNaN`: after a batch whose running loss is NaN or infinite, no further
/// batch is trained; validation and on_epoch_end still run. With raise_error, as in Keras 3.15, the run
/// fails. gradients and weights are not in Keras.
struct TerminateOnNaN : Callback<TerminateOnNaN> {
  static constexpr auto id = "kairos.TerminateOnNaN";
  static constexpr auto summary = "Stops the run when the loss is NaN or infinite.";
  static constexpr auto capabilities = Can::Stop;

  Option<bool> raise_error{this, "raise_error", false, "fail instead of stopping: the exit code is 7"};
  Option<bool> gradients{this, "gradients", false, "also check the gradients of each batch"};
  Option<bool> weights{this, "weights", false, "also check the weights after each batch"};

  void on_backward_end(Batch& batch) {
    if (gradients) check(batch, Role::Gradient, "the gradient of ");
  }

  void on_train_batch_end(Batch& batch) {
    const std::optional<double> loss = value_of(batch, "loss");
    if (loss && !std::isfinite(*loss))
      end(batch, "invalid loss (" + std::to_string(*loss) + ")");
    else if (weights)
      check(batch, Role::Weight, "the weight ");
  }

 private:
  void check(Batch& batch, Role role, const std::string& what) const {
    const std::optional<std::string> name = first_not_finite(batch, role);
    if (name) end(batch, what + *name + " is NaN or infinite");
  }

  void end(Batch& batch, const std::string& why) const {
    const std::string reason = "batch " + std::to_string(batch.index()) + " of epoch " +
                               std::to_string(batch.epoch() + 1) + ": " + why;
    if (raise_error)
      throw Error(KAIROS_E_DATA, reason + ". Lower the learning rate, scale the data, or clip the gradients");
    batch.stop(reason);
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::TerminateOnNaN)
