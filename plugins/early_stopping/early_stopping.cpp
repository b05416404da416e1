// SPDX-License-Identifier: MIT
// Stops a run whose metric has stopped improving, and restores the best weights.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

namespace kairos::plugins {

/// Behaves as Keras 3.15 `EarlyStopping`, except that NaN never becomes the best value. The first monitored
/// epoch starts the count, whatever its value; later NaN epochs count as epochs without improvement.
struct EarlyStopping : Callback<EarlyStopping> {
  static constexpr auto id = "kairos.EarlyStopping";
  static constexpr auto summary = "Stops the run when a metric has stopped improving.";
  static constexpr auto capabilities = Can::Stop | Can::WriteWeights;

  Option<Metric> monitor{this, "monitor", "val_loss", "monitored metric", voids_state};
  Option<double> min_delta{this, "min_delta", 0.0,
                           "smallest change that counts as an improvement; the sign is ignored"};
  Option<int> patience{this,           "patience",    0, "epochs without improvement before the run stops",
                       unit("epochs"), kairos::min(0)};
  Option<int> verbose{this, "verbose", 0, "1 prints why the run stops and which weights are restored",
                      kairos::min(0)};
  Option<Choice> mode{this, "mode", "auto",
                      "whether smaller or larger is better; auto as the metric declares",
                      choices("auto,min,max")};
  Option<double> baseline{this, "baseline", unset,
                          "value that an improvement must beat to reset the patience"};
  Option<bool> restore_best_weights{this, "restore_best_weights", false,
                                    "restore the weights of the best epoch when the run ends"};
  Option<int> start_from_epoch{
      this,           "start_from_epoch", 0, "number of epochs at the start that are ignored",
      unit("epochs"), kairos::min(0)};

  State<bool> counting{this, "counting", false};  ///< an epoch has been monitored
  State<std::int64_t> wait{this, "wait", 0};      ///< epochs since the last improvement
  State<double> best{this, "best", unset};
  State<std::int64_t> best_epoch{this, "best_epoch", 0};
  State<std::int64_t> stopped_epoch{this, "stopped_epoch",
                                    0};  ///< 0: not stopped; the first epoch never stops the run
  Snapshot best_weights{this, "best_weights"};

  void setup(Run& run) {
    if (!std::isfinite(min_delta.value()))
      throw Error("min_delta is not finite. Set min_delta=0 or a small number");
    if (baseline.is_set() && std::isnan(baseline.value()))
      throw Error("baseline is NaN, which no value can beat. Set a number or omit it");
    direction_ = monitor.direction(run, mode);
  }

  void on_train_begin(Run& run) {
    if (run.resumed()) return;
    counting = false;
    wait = 0;
    best = unset;
    best_epoch = 0;
    stopped_epoch = 0;
    best_weights.drop(run);
  }

  void on_epoch_end(Epoch& epoch) {
    stopped_epoch = 0;  // The run was saved when it stopped, and is continued.
    const std::optional<double> now = monitor.value(epoch);
    if (!now || epoch.index() < start_from_epoch) return;
    if (restore_best_weights && best_weights.empty()) remember(epoch);

    const bool first = !counting;
    counting = true;
    ++wait;
    const bool better = is_better(direction_, *now, best, min_delta);
    if (better) {
      best = *now;
      remember(epoch);
    }
    if (better || first) {
      if (!baseline.is_set() || is_better(direction_, *now, baseline, min_delta)) wait = 0;
      return;
    }
    if (wait < patience || epoch.index() == 0) return;
    stopped_epoch = epoch.index();
    epoch.stop(reason());
  }

  void on_train_end(End& end) {
    if (stopped_epoch > 0 && verbose > 0)
      end.print("Epoch " + std::to_string(stopped_epoch + 1) + ": early stopping");
    if (!restore_best_weights || best_weights.empty()) return;
    if (verbose > 0)
      end.print("Restoring model weights from the end of the best epoch: " + std::to_string(best_epoch + 1) +
                ".");
    best_weights.restore(end);
  }

 private:
  void remember(Epoch& epoch) {
    best_epoch = epoch.index();
    if (restore_best_weights) best_weights.take(epoch);
  }

  [[nodiscard]] std::string reason() const {
    const std::string metric(monitor.key());
    if (std::isnan(best.value())) return metric + " has had no finite value so far";
    return metric + " has not improved in the last " +
           (wait == 1 ? "epoch" : std::to_string(wait) + " epochs") + "; the best was epoch " +
           std::to_string(best_epoch + 1);
  }

  Direction direction_ = Direction::Min;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::EarlyStopping)
