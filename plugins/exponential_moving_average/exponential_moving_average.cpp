// SPDX-License-Identifier: MIT
// Averages the weights exponentially, for validation, checkpoints and the result.
#include <kairos/plugin.hpp>

#include <cstdint>
#include <string>

#include "../common/batch_statistics.hpp"

namespace kairos::plugins {

/// Averages as PyTorch's `AveragedModel` with `get_ema_multi_avg_fn(decay)`: the first update copies the
/// weights. In place of a second model, the average is what validation measures and checkpoints save, and at
/// the end it becomes the weights of the model. Weights that the optimizer does not update are copied, not
/// averaged; with update_bn, the statistics of BatchNormalization are measured for the average.
struct ExponentialMovingAverage : Callback<ExponentialMovingAverage> {
  static constexpr auto id = "kairos.ExponentialMovingAverage";
  static constexpr auto summary =
      "Averages the weights exponentially; validation, checkpoints and the result use the average.";
  /// Before callbacks that decide: what they remember and restore at the end is what was measured.
  static constexpr auto phase = Phase::Measure;
  static constexpr auto capabilities = Can::WriteWeights;

  Option<double> decay{
      this,     "decay",          0.999, "share of the average that stays at each update", kairos::min(0),
      below(1), alias("momentum")};
  Option<int> update_every{this,          "update_every", 1, "optimizer steps from one update to the next",
                           unit("steps"), kairos::min(1)};
  Option<int> start_from_epoch{
      this,           "start_from_epoch", 0, "number of epochs at the start that are not averaged",
      unit("epochs"), kairos::min(0)};
  Option<int> verbose{this, "verbose", 0, "1 prints how many updates the result is the average of",
                      kairos::min(0)};

  Option<bool> update_bn{this, "update_bn", false,
                         "measure the statistics of BatchNormalization for the average, by a pass over the "
                         "training data in each epoch"};

  State<std::int64_t> updates{this, "updates", 0};
  Average average{this, "average"};
  BatchStatistics statistics{this};

  void on_train_begin(Run& run) {
    statistics.begin(run, update_bn, false);
    if (run.resumed()) return;
    updates = 0;
    average.drop(run);
  }

  void on_train_batch_end(Batch& batch) {
    if (!batch.stepped() || batch.epoch() < start_from_epoch || batch.step() % update_every != 0) return;
    average.blend(batch, decay);
    ++updates;
    statistics.outdate();
  }

  void on_test_begin(Test& test) {
    if (test.in_fit()) show(test);
  }

  void on_epoch_end(Epoch& epoch) { show(epoch); }

  void on_train_end(End& end) {
    // An interrupted run goes on later, from the weights that are trained.
    if (average.empty() || !(end.completed() || end.stopped())) return;
    end.put(average);
    if (verbose > 0)
      end.print("The weights are now their average over " + std::to_string(updates) + " updates.");
  }

 private:
  /// Until the end of the epoch.
  void show(Event& event) {
    if (average.empty()) return;
    event.swap_in(average, "ema");
    statistics.renew(event);
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ExponentialMovingAverage)
