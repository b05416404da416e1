// SPDX-License-Identifier: MIT
// A custom learning-rate schedule: multiplies the rate by `factor` every few epochs.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>

struct StepDecay : kairos::Callback<StepDecay> {
  static constexpr auto id = "com.example.StepDecay";
  static constexpr auto summary = "Multiplies the learning rate by a factor every few epochs.";
  static constexpr auto capabilities = kairos::Can::SetOptimizer;
  static constexpr auto publishes = "learning_rate";

  kairos::Option<double> initial{this, "initial", 0.01, "rate of the first epoch", kairos::above(0)};
  kairos::Option<double> factor{
      this, "factor", 0.5, "factor that multiplies the rate", kairos::above(0), kairos::max(1)};
  kairos::Option<int> every{
      this, "every", 10, "epochs between two steps", kairos::min(1), kairos::unit("epochs")};

  void on_epoch_begin(kairos::Epoch& epoch) {
    const std::int64_t steps = epoch.number() / every;
    epoch.set_learning_rate(initial * std::pow(static_cast<double>(factor), static_cast<double>(steps)));
  }

  void on_epoch_end(kairos::Epoch& epoch) { epoch.publish("learning_rate", epoch.used_learning_rate()); }
};

KAIROS_PLUGIN("1.0.0", StepDecay)
