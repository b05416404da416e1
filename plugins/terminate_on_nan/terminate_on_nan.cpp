// SPDX-License-Identifier: MIT
// Stops a run whose loss is NaN or infinite.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

namespace kairos::plugins {

/// Behaves as Keras 3.15 `TerminateOnNaN`: after a batch whose running loss is NaN or infinite, no further
/// batch is trained; validation and on_epoch_end still run.
struct TerminateOnNaN : Callback<TerminateOnNaN> {
  static constexpr auto id = "kairos.TerminateOnNaN";
  static constexpr auto summary = "Stops the run when the loss is NaN or infinite.";
  static constexpr auto capabilities = Can::Stop;

  void on_train_batch_end(Batch& batch) {
    const std::optional<std::uint32_t> loss = batch.find_log("loss");
    const std::optional<double> value = loss ? batch.log(*loss) : std::nullopt;
    if (!value || std::isfinite(*value)) return;
    batch.stop("batch " + std::to_string(batch.index()) + " of epoch " + std::to_string(batch.epoch() + 1) +
               ": invalid loss (" + std::to_string(*value) + ")");
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::TerminateOnNaN)
