// SPDX-License-Identifier: MIT
// Lowers the learning rate when a metric has stopped improving.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

namespace kairos::plugins {

/// Behaves as Keras 3.15 `ReduceLROnPlateau`, but NaN never becomes the best. The cooldown is counted down
/// before it is asked for, as there: cooldown=N protects N-1 epochs.
struct ReduceLROnPlateau : Callback<ReduceLROnPlateau> {
  static constexpr auto id = "kairos.ReduceLROnPlateau";
  static constexpr auto summary = "Lowers the learning rate when a metric has stopped improving.";
  static constexpr auto capabilities = Can::SetOptimizer;
  static constexpr auto publishes = "learning_rate";

  Option<Metric> monitor{this, "monitor", "val_loss", "metric to watch"};
  Option<double> factor{this, "factor", 0.1, "the new rate is the old one times this", above(0), below(1)};
  Option<int> patience{
      this,           "patience",    10, "epochs without improvement after which the rate is lowered",
      unit("epochs"), kairos::min(0)};
  Option<int> verbose{this, "verbose", 0, "1 says when the rate is lowered", kairos::min(0)};
  Option<Choice> mode{this, "mode", "auto",
                      "which way the metric gets better; auto as the metric itself declares",
                      choices("auto,min,max")};
  Option<double> min_delta{this, "min_delta", 1e-4,
                           "smallest change that counts as an improvement; the sign is ignored",
                           alias("epsilon")};
  Option<int> cooldown{this,
                       "cooldown",
                       0,
                       "epochs after a reduction before the next is prepared, this one included",
                       unit("epochs"),
                       kairos::min(0)};
  Option<double> min_lr{this, "min_lr", 0.0, "the rate is not lowered below this", kairos::min(0)};

  State<bool> counting{this, "counting", false};  ///< an epoch has been looked at
  State<std::int64_t> wait{this, "wait", 0};
  State<std::int64_t> cooling{this, "cooling", 0};
  State<double> best{this, "best", unset};

  void setup(Run& run) {
    if (!std::isfinite(min_delta.value()))
      throw Error("min_delta is not a finite number. Set min_delta=0 or a small number");
    if (!std::isfinite(min_lr.value()))
      throw Error("min_lr is not a finite number. Set min_lr=0 or a small number");
    direction_ = monitor.direction(run, mode);
    static_cast<void>(
        run.learning_rate());  // Without an optimizer that has one the run ends here and not in the middle.
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
    const bool better = is_better(direction_, *now, best, min_delta);
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
    // The optimizer holds float32: compared with the double, a rate that has arrived at min_lr could still
    // count as above it.
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

  [[nodiscard]] static std::string shortest(float value) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
  }

  Direction direction_ = Direction::Min;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ReduceLROnPlateau)
