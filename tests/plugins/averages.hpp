// SPDX-License-Identifier: MIT
// Averages of weights that PyTorch and Keras recorded, and a training that gives a callback the same weights.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "plugins/driver.hpp"

namespace kairos::tests {

using Values = std::vector<float>;

/// A list of tests/golden/callbacks/averages.json.
inline nlohmann::json recorded_averages(const char* list) {
  std::ifstream in(KAIROS_TEST_DATA "/callbacks/averages.json");
  return nlohmann::json::parse(in).at(list);
}

/// One batch per epoch; the test says which weights it leaves.
class AveragedRun {
 public:
  AveragedRun(std::vector<std::string> plugins, std::size_t numbers, std::int64_t epochs,
              bool makes_passes = true)
      : driver_(plan(std::move(plugins), numbers, epochs, makes_passes)) {}

  Driver& driver() { return driver_; }
  host::Callbacks& callbacks() { return driver_.callbacks(); }
  [[nodiscard]] Values weights() { return driver_.target.weights.at(0).values; }
  /// Running statistics, which are not trained.
  [[nodiscard]] float statistic() { return driver_.target.weights.at(1).values.at(0); }

  void begin_epoch(std::int64_t epoch) {
    callbacks().epoch_begin(epoch);
    batch_ = 0;
  }
  /// A batch whose step leaves these weights; without a step, none are changed.
  void batch(const Values& after, bool steps = true) {
    callbacks().train_batch_begin(batch_++, 1);
    driver_.target.weights[0].values = after;
    driver_.target.weights[1].values[0] += 1;
    if (steps) ++driver_.target.steps;
    callbacks().train_batch_end(logs_);
  }
  /// The weights that the validation measured.
  Values validate() {
    callbacks().test_begin(1);
    Values seen = weights();
    callbacks().test_batch_begin(0, 1);
    callbacks().test_batch_end(logs_);
    callbacks().test_end(logs_);
    return seen;
  }
  void end_epoch() { callbacks().epoch_end(logs_, &logs_); }
  /// A whole epoch; the weights that its validation measured.
  Values epoch(std::int64_t index, const Values& after) {
    begin_epoch(index);
    batch(after);
    Values seen = validate();
    end_epoch();
    return seen;
  }
  void end(host::RunEnd why = host::RunEnd::Completed) {
    callbacks().train_end(why);
    callbacks().finish(why);
  }

 private:
  static Plan plan(std::vector<std::string> plugins, std::size_t numbers, std::int64_t epochs,
                   bool makes_passes) {
    Plan plan{std::move(plugins)};
    plan.epochs = epochs;
    plan.makes_passes = makes_passes;
    plan.prepare = [numbers](StubTarget& target) {
      target.weights = {{"kernel", {static_cast<std::int64_t>(numbers)}, Values(numbers), Values(numbers)},
                        {"bn/moving_mean", {1}, {0}}};
    };
    return plan;
  }

  Driver driver_;
  host::LogValues logs_{1.0};
  std::int64_t batch_ = 0;
};

/// As close as sums of float32 in another order.
inline bool equal(const Values& found, const Values& expected) {
  if (found.size() != expected.size()) return false;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i] != Approx(expected[i]).epsilon(1e-6).margin(1e-6)) return false;
  return true;
}

}  // namespace kairos::tests
