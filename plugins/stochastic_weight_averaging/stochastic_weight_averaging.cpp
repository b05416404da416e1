// SPDX-License-Identifier: MIT
// Averages the weights of the last epochs, at a learning rate that stays high.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "../common/batch_statistics.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

/// Averages as PyTorch's `AveragedModel`, once after each epoch from `swa_epoch_start` on, and sets the
/// learning rate as `SWALR`. Statistics of BatchNormalization are measured again for each average that is
/// shown or kept, as `update_bn` does once at the end.
struct StochasticWeightAveraging : Callback<StochasticWeightAveraging> {
  static constexpr auto id = "kairos.StochasticWeightAveraging";
  static constexpr auto summary =
      "Averages the weights of the last epochs; validation, checkpoints and the result use the average.";
  /// Before callbacks that decide: what they remember and restore at the end is what was measured.
  static constexpr auto phase = Phase::Measure;
  static constexpr auto capabilities = Can::WriteWeights | Can::SetOptimizer;

  Option<double> swa_epoch_start{
      this,
      "swa_epoch_start",
      0.8,
      "first epoch that is averaged: below 1 a share of the epochs, else its number",
      kairos::min(0),
      alias("swa_start")};
  Option<double> swa_lr{this, "swa_lr", unset, "learning rate at the end of the annealing", above(0)};
  Option<int> anneal_epochs{this,           "anneal_epochs", 10, "epochs in which the rate becomes swa_lr",
                            unit("epochs"), kairos::min(0)};
  Option<Choice> anneal_strategy{this, "anneal_strategy", "cos", "how the rate becomes swa_lr",
                                 choices("cos,linear")};
  Option<int> verbose{this, "verbose", 0, "1 prints how many epochs the result is the average of",
                      kairos::min(0)};

  Option<bool> update_bn{this, "update_bn", true,
                         "measure the statistics of BatchNormalization for the average, by a pass over the "
                         "training data in each averaged epoch"};

  State<std::int64_t> last_epoch{this, "last_epoch", -1};  ///< that is in the average
  State<std::int64_t> epochs{this, "epochs", 0};           ///< in the average
  State<double> first_rate{this, "first_rate", unset};
  Average average{this, "average"};
  BatchStatistics statistics{this};

  void setup(Run& run) {
    const double start = swa_epoch_start;
    if (start >= 1 && start != std::floor(start))
      throw Error("swa_epoch_start is " + shortest(start) +
                  "; expected a share of the epochs below 1, or the whole number of an epoch");
    const double index = start < 1 ? std::floor(start * static_cast<double>(run.epochs())) : start - 1;
    first_ = static_cast<std::int64_t>(std::min(index, 1e15));
    if (run.mode() == Mode::Fit && first_ >= run.epochs())
      throw Error("swa_epoch_start is epoch " +
                  (index < 1e15 ? std::to_string(first_ + 1) : shortest(index + 1)) +
                  ", but the run ends with epoch " + std::to_string(run.epochs()) +
                  ". Train longer, or begin to average earlier");
  }

  void on_train_begin(Run& run) {
    if (!run.resumed()) {
      last_epoch = -1;
      epochs = 0;
      first_rate = unset;
      average.drop(run);
    }
    statistics.begin(run, update_bn, true);
  }

  /// Not at the begin of the epoch, where callbacks that decide come later and would replace the rate.
  void on_train_batch_begin(Batch& batch) {
    if (!swa_lr.is_set() || batch.index() != 0 || batch.epoch() < first_) return;
    if (std::isnan(first_rate.value())) first_rate = batch.learning_rate();
    const double share = annealed(batch.epoch() - first_);
    set_rate_ = static_cast<float>(swa_lr * share + first_rate * (1 - share));  // as the optimizer stores it
    batch.set_learning_rate(static_cast<double>(set_rate_));
  }

  void on_train_batch_end(Batch& batch) {
    if (!swa_lr.is_set() || warned_ || batch.index() != 0 || batch.epoch() < first_) return;
    const auto rate = static_cast<float>(batch.learning_rate());
    if (rate == set_rate_) return;
    warned_ = true;
    batch.print("the rate is " + shortest(rate) + " and not the " + shortest(set_rate_) +
                    " of swa_lr, because another callback sets it in each batch. Let it set the rate of "
                    "epochs, or omit swa_lr",
                Level::Warning);
  }

  void on_test_begin(Test& test) {
    if (!test.in_fit()) return;
    collect(test, test.epoch());
    show(test);
  }

  void on_epoch_end(Epoch& epoch) {
    collect(epoch, epoch.index());
    show(epoch);
  }

  void on_train_end(End& end) {
    // An interrupted run goes on later, from the weights that are trained.
    if (!(end.completed() || end.stopped())) return;
    if (average.empty())
      return end.print("no epoch was averaged: the run ended before epoch " + std::to_string(first_ + 1) +
                           ", the first one that would have been",
                       Level::Warning);
    end.put(average);
    if (verbose > 0)
      end.print("The weights are now their average over " + std::to_string(epochs) + " epochs.");
  }

 private:
  /// Until the end of the epoch.
  void show(Event& event) {
    if (average.empty()) return;
    event.swap_in(average, "swa");
    statistics.renew(event);
  }
  /// After the last batch of an epoch, once.
  void collect(Event& event, std::int64_t epoch) {
    if (epoch < first_ || epoch == last_epoch) return;
    const auto n = static_cast<double>(epochs);
    average.blend(event, n / (n + 1));
    ++epochs;
    statistics.outdate();
    last_epoch = epoch;
  }

  [[nodiscard]] double annealed(std::int64_t passed) const {
    if (anneal_epochs == 0) return 1;
    const double part = std::min(1.0, static_cast<double>(passed) / static_cast<double>(anneal_epochs));
    constexpr double pi = 3.141592653589793;
    return anneal_strategy == "cos" ? (1 - std::cos(pi * part)) / 2 : part;
  }

  std::int64_t first_ = 0;  ///< index of the first epoch that is averaged
  float set_rate_ = 0;      ///< of the current epoch
  bool warned_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::StochasticWeightAveraging)
