// SPDX-License-Identifier: MIT
// Makes one update step from several batches.
#include <kairos/plugin.hpp>

#include <cstdint>

namespace kairos::plugins {

/// Trains as with a batch that is `batches` times as large, in the memory of a small one. As
/// `gradient_accumulation_steps` of Keras 3.15's optimizers, with two differences: gradients are divided
/// once, by all samples or weights of the step, where Keras takes the mean of the batches' means; and a step
/// never crosses an epoch.
struct GradientAccumulation : Callback<GradientAccumulation> {
  static constexpr auto id = "kairos.GradientAccumulation";
  static constexpr auto summary = "Makes one update step from several batches.";
  static constexpr auto capabilities = Can::ControlStep;

  Option<int> batches{this,
                      "batches",
                      required,
                      "batches of one step",
                      alias("gradient_accumulation_steps"),
                      kairos::min(1),
                      kairos::max(1000000000)};

  void on_train_begin(Run& run) { run.accumulate(static_cast<std::uint32_t>(batches.value())); }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::GradientAccumulation)
