// SPDX-License-Identifier: MIT
// Adds the learning rate and other hyper-parameters of the optimizer to the logs.
#include <kairos/plugin.hpp>

#include <string_view>

namespace kairos::plugins {

/// PyTorch Lightning's `LearningRateMonitor`, for each epoch. Names are those of Keras' optimizers.
struct LearningRateMonitor : Callback<LearningRateMonitor> {
  static constexpr auto id = "kairos.LearningRateMonitor";
  static constexpr auto summary = "Adds the learning rate and other hyper-parameters to the logs.";
  static constexpr auto phase = Phase::Measure;
  static constexpr auto publishes = "learning_rate";

  Option<List<std::string_view>> hyper{
      this, "hyper", unset, "further hyper-parameters of the optimizer, such as 'momentum,weight_decay'"};

  void setup(Run& run) {
    if (run.mode() != Mode::Fit) return;
    static_cast<void>(run.learning_rate());  // Fails before training if the optimizer has none.
    for (const std::string_view name : hyper.values()) {
      static_cast<void>(run.hyper(name));
      run.declare_log(name, Direction::Unknown);
    }
  }

  void on_epoch_end(Epoch& epoch) {
    epoch.publish("learning_rate", epoch.used_learning_rate());
    for (const std::string_view name : hyper.values()) epoch.publish(name, epoch.hyper(name));
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::LearningRateMonitor)
