// SPDX-License-Identifier: MIT
// Tries learning rates before the training, each on one batch, and suggests one.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../common/output_place.hpp"
#include "../common/svg.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// The range test of Smith (2017), "Cyclical Learning Rates for Training Neural Networks", as Lightning's
/// `Tuner.lr_find`: smoothed losses, an early stop, and the rate where the loss falls most steeply by step.
/// Its README has the differences. Everything that the trial steps change is put back, to the last bit.
struct LRFinder : Callback<LRFinder> {
  static constexpr auto id = "kairos.LRFinder";
  static constexpr auto summary = "Tries learning rates before the training, and suggests one.";
  static constexpr auto phase = Phase::Decide;
  static constexpr auto capabilities = Can::Stop | Can::SetOptimizer | Can::WriteWeights | Can::ControlStep;

  Option<double> min_lr{this, "min_lr", 1e-8, "first rate that is tried", above(0)};
  Option<double> max_lr{this, "max_lr", 1.0, "last rate that is tried", above(0)};
  Option<int> num_training{this, "num_training", 100, "rates that are tried", unit("steps"), kairos::min(3)};
  Option<Choice> mode{this, "mode", "exponential", "how the rate grows from step to step",
                      choices("exponential,linear")};
  Option<double> early_stop_threshold{
      this, "early_stop_threshold", 4.0,
      "ends when the smoothed loss is more than this times its best; 0: never", kairos::min(0)};
  Option<double> smoothing{this,           "smoothing",
                           0.98,           "share of the smoothed loss that stays at each step",
                           kairos::min(0), below(1)};
  Option<int> skip_begin{this, "skip_begin", 10, "first losses that suggest nothing", kairos::min(0)};
  Option<int> skip_end{this, "skip_end", 1, "last losses that suggest nothing", kairos::min(0)};
  Option<Choice> action{this, "action", "stop",
                        "what follows: stop the run, apply the suggestion and train, or train as if nothing "
                        "had been tried",
                        choices("stop,apply,report")};
  Option<OutputPath> filename{this, "filename", "lr_finder.csv", "table to write"};
  Option<OutputPath> plot{this, "plot", "lr_finder.svg", "image of the curve to write"};

  State<bool> searched{this, "searched", false};

  void setup(Run& run) {
    if (min_lr >= max_lr)
      throw Error("min_lr is " + shortest(min_lr.value()) + ", and max_lr " + shortest(max_lr.value()) +
                  "; expected a smaller min_lr. Correct one of them");
    check_output_place(std::string(filename.value()), Writing::Replaced);
    check_output_place(std::string(plot.value()), Writing::Replaced);
    if (run.mode() == Mode::Fit) run.set_learning_rate(run.learning_rate());  // throws if it has no say
  }

  void on_train_begin(Run& run) {
    if (searched || !search(run))
      return;  // a resumed run has its rate; a search that was ended is made again
    searched = true;
    const std::optional<std::size_t> found = steepest();
    write(found);
    if (!found) {
      run.print("no learning rate is suggested: the loss was finite in " + std::to_string(losses_->size()) +
                    " steps, which are too few, or does not fall. Lower min_lr or raise num_training",
                Level::Warning);
    } else {
      const double rate = (*rates_)[*found];
      run.print("suggested learning rate: " + shortest(static_cast<float>(rate)) +
                ", where the loss falls most steeply (step " + std::to_string(*found + 1) + " of " +
                std::to_string(losses_->size()) + ")");
      if (action == "apply") run.set_learning_rate(rate);
    }
    if (action == "stop") run.stop("the learning rate was searched");
  }

 private:
  [[nodiscard]] double rate_of(std::int64_t step) const {
    const double part = static_cast<double>(step) / static_cast<double>(num_training - 1);
    if (mode == "linear") return min_lr + part * (max_lr - min_lr);
    return min_lr * std::pow(max_lr / min_lr, part);
  }

  /// Fills rates and losses; false if a signal ends the run.
  bool search(Run& run) {
    for (std::vector<double>* one : {&*rates_, &*losses_, &*smoothed_}) one->clear();
    const std::int64_t batches = run.batches(Source::Training);
    if (batches < 1)
      throw Error("there are no training batches to try learning rates on. Give the run training data");
    Trial trial(run);
    double average = 0, weight = 1, best = 0;
    for (std::int64_t step = 0; step < num_training; ++step) {
      run.set_learning_rate(rate_of(step));
      const std::optional<double> loss = run.trial_step(step % batches);
      if (!loss) return false;
      if (!std::isfinite(*loss)) break;
      average = smoothing * average + (1 - smoothing) * *loss;
      weight *= smoothing;
      const double smooth = average / (1 - weight);
      rates_->push_back(rate_of(step));
      losses_->push_back(*loss);
      smoothed_->push_back(smooth);
      if (step > 1 && early_stop_threshold > 0 && smooth > early_stop_threshold * best) break;
      if (step <= 1 || smooth < best) best = smooth;
    }
    trial.end();
    return true;
  }

  /// The step with the least slope of the smoothed loss; empty if there is none where it falls.
  [[nodiscard]] std::optional<std::size_t> steepest() const {
    const std::vector<double>& y = *smoothed_;
    const auto first = static_cast<std::size_t>(skip_begin);
    const auto skipped = static_cast<std::size_t>(skip_end);
    if (y.size() < first + skipped + 2) return std::nullopt;
    const std::size_t last = y.size() - skipped - 1;
    std::size_t found = first;
    bool falls = false;
    double least = -1e-7 * std::abs(y[first]);  // less is the rounding of a loss that stays
    for (std::size_t i = first; i <= last; ++i) {
      const std::size_t before = std::max(i, first + 1) - 1, after = std::min(i + 1, last);
      const double slope = (y[after] - y[before]) / static_cast<double>(after - before);
      if (slope < least) {
        least = slope;
        found = i;
        falls = true;
      }
    }
    return falls ? std::optional(found) : std::nullopt;
  }

  void write(std::optional<std::size_t> found) const {
    std::string table = "step,learning_rate,loss,smoothed_loss\n";
    const bool powers = mode == "exponential";
    svg::Chart chart{"loss by learning rate", {{"loss", {}, {}}, {"smoothed loss", {}, {}}}, false};
    const auto place = [powers](double rate) { return powers ? std::log10(rate) : rate; };
    for (std::size_t i = 0; i < losses_->size(); ++i) {
      table += std::to_string(i + 1) + ',' + shortest((*rates_)[i]) + ',' + shortest((*losses_)[i]) + ',' +
               shortest((*smoothed_)[i]) + '\n';
      for (svg::Curve& curve : chart.curves) curve.x.push_back(place((*rates_)[i]));
      chart.curves[0].y.push_back((*losses_)[i]);
      chart.curves[1].y.push_back((*smoothed_)[i]);
    }
    if (found)
      chart.curves.push_back({"suggestion " + shortest(static_cast<float>((*rates_)[*found])),
                              {place((*rates_)[*found])},
                              {(*smoothed_)[*found]}});
    write_whole_file(std::string(filename.value()), table);
    write_whole_file(std::string(plot.value()),
                     svg::document({std::move(chart)}, "range test",
                                   powers ? "learning rate, power of ten" : "learning rate"));
  }

  Owned<std::vector<double>> rates_{this}, losses_{this}, smoothed_{this};  ///< by step
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::LRFinder)
