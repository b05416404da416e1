// SPDX-License-Identifier: MIT
// Lowers the learning rate when a metric has stopped improving.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "../common/text.hpp"

namespace kairos::plugins {

/// Behaves as Keras 3.15 `ReduceLROnPlateau`, except that NaN and infinity never become the best value. As in
/// Keras, the cooldown counter is decremented before it is checked: cooldown=N protects N-1 epochs.
struct ReduceLROnPlateau : Callback<ReduceLROnPlateau> {
  static constexpr auto id = "kairos.ReduceLROnPlateau";
  static constexpr auto summary = "Lowers the learning rate when a metric has stopped improving.";
  static constexpr auto capabilities = Can::SetOptimizer;
  static constexpr auto publishes = "learning_rate";

  Option<Metric> monitor{this, "monitor", "val_loss", "monitored metric", voids_state};
  Option<double> factor{this, "factor", 0.1, "factor that multiplies the rate", above(0), below(1)};
  Option<int> patience{
      this,           "patience",    10, "epochs without improvement before the rate is lowered",
      unit("epochs"), kairos::min(0)};
  Option<int> verbose{this, "verbose", 0, "1 prints when the rate is lowered", kairos::min(0)};
  Option<Choice> mode{this, "mode", "auto",
                      "whether smaller or larger is better; auto as the metric declares",
                      choices("auto,min,max")};
  Option<double> min_delta{this, "min_delta", 1e-4,
                           "smallest change that counts as an improvement; the sign is ignored",
                           alias("epsilon")};
  Option<int> cooldown{
      this,
      "cooldown",
      0,
      "epochs after a reduction, including its own, in which epochs without improvement are not counted",
      unit("epochs"),
      kairos::min(0)};
  Option<double> min_lr{this, "min_lr", 0.0, "lower bound of the rate", kairos::min(0)};

  State<bool> counting{this, "counting", false};  ///< an epoch has been monitored
  State<std::int64_t> wait{this, "wait", 0};
  State<std::int64_t> cooling{this, "cooling", 0};
  State<double> best{this, "best", unset};

  void setup(Run& run) {
    if (!std::isfinite(min_delta.value()))
      throw Error("min_delta is not finite. Set min_delta=0 or a small number");
    if (!std::isfinite(min_lr.value())) throw Error("min_lr is not finite. Set min_lr=0 or a small number");
    direction_ = monitor.direction(run, mode);
    static_cast<void>(run.learning_rate());  // Fails before training if the optimizer has no learning rate.
  }

  void on_train_begin(Run& run) {
    if (run.resumed()) return;
    counting = false;
    wait = 0;
    cooling = 0;
    best = unset;
  }

  void on_epoch_end(Epoch& epoch) {
    epoch.publish("learning_rate", epoch.used_learning_rate());
    const std::optional<double> now = monitor.value(epoch);
    if (!now) return;
    if (cooling > 0) {
      --cooling;
      wait = 0;
    }
    const bool first = !counting;
    counting = true;
    const bool better = std::isfinite(*now) && is_better(direction_, *now, best, min_delta);
    if (better) best = *now;
    if (better || first) {
      wait = 0;
    } else if (cooling == 0 && ++wait >= patience) {
      reduce(epoch);
    }
  }

 private:
  void reduce(Epoch& epoch) {
    const double rate = epoch.learning_rate();
    // The optimizer stores float32. Compared with the double, a rate equal to min_lr could be above it.
    if (rate <= static_cast<double>(static_cast<float>(min_lr.value()))) return;
    const double lower = std::max(rate * factor, min_lr.value());
    epoch.set_learning_rate(lower);
    cooling = cooldown;
    wait = 0;
    if (verbose > 0)
      epoch.print("Epoch " + std::to_string(epoch.number()) +
                  ": ReduceLROnPlateau reducing learning rate to " + shortest(static_cast<float>(lower)) +
                  ".");
  }

  Direction direction_ = Direction::Min;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ReduceLROnPlateau)
