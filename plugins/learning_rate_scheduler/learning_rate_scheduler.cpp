// SPDX-License-Identifier: MIT
// Sets the learning rate of each epoch from a formula.
#include <kairos/plugin.hpp>

#include <cmath>
#include <limits>
#include <string>

#include "../common/text.hpp"

namespace kairos::plugins {

/// Behaves as Keras 3.15 `LearningRateScheduler`, except that a rate that is NaN, infinite or negative ends
/// the run. It has no state: `lr` is the optimizer's rate, which a resume restores.
struct LearningRateScheduler : Callback<LearningRateScheduler> {
  static constexpr auto id = "kairos.LearningRateScheduler";
  static constexpr auto summary = "Sets the learning rate of each epoch from a formula.";
  static constexpr auto capabilities = Can::SetOptimizer;
  static constexpr auto publishes = "learning_rate";

  Option<Expression> schedule{
      this, "schedule", required,
      "formula of epoch (from 0) and lr (the current rate), such as 0.01*0.5^floor((1+epoch)/10)",
      variables("epoch,lr")};
  Option<int> verbose{this, "verbose", 0, "1 prints the rate of each epoch", kairos::min(0)};

  void setup(Run& run) {
    static_cast<void>(run.learning_rate());  // Fails before training if the optimizer has no learning rate.
  }

  void on_epoch_begin(Epoch& epoch) {
    const double current = epoch.learning_rate();
    const auto rate = static_cast<float>(scheduled(epoch, current));  // The optimizer stores float32.
    const std::string who = "Epoch " + std::to_string(epoch.number()) + ": ";
    if (!std::isfinite(rate) || rate < 0.0f)
      throw Error(who + "the schedule " + std::string(schedule.value()) + " gives " + shortest(rate) +
                  " for epoch=" + std::to_string(epoch.index()) +
                  ", lr=" + shortest(static_cast<float>(current)) +
                  "; expected a finite rate of 0 or more. Correct the schedule");
    epoch.set_learning_rate(static_cast<double>(rate));
    if (verbose > 0)
      epoch.print(who + "LearningRateScheduler setting learning rate to " + shortest(rate) + ".");
  }

  void on_epoch_end(Epoch& epoch) { epoch.publish("learning_rate", epoch.used_learning_rate()); }

 private:
  /// The value of the formula; NaN if it cannot be evaluated.
  [[nodiscard]] double scheduled(const Epoch& epoch, double current) const {
    try {
      return schedule(epoch, epoch.index(), current);
    } catch (const HostError& error) {
      if (error.status() != KAIROS_E_INVALID) throw;
      return std::numeric_limits<double>::quiet_NaN();
    }
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::LearningRateScheduler)
