// SPDX-License-Identifier: MIT
// Passes and trial steps in the training of Kairos::testing.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using kairos::Role;
using kairos::Source;
using kairos::testing::callback;
using kairos::testing::Failure;
using kairos::testing::Fit;
using kairos::testing::TensorData;

/// Tries two rates, then evaluates and predicts.
struct Prober : kairos::Callback<Prober> {
  static constexpr auto id = "test.Prober";
  static constexpr auto capabilities =
      kairos::Can::WriteWeights | kairos::Can::ControlStep | kairos::Can::SetOptimizer;
  kairos::Option<bool> in_batch{this, "in_batch", false, "asks where nothing can be asked"};

  void on_train_begin(kairos::Run& run) {
    kairos::Trial trial(run);
    for (std::int64_t i = 0; i < run.batches(Source::Training, 16); ++i) {
      run.set_learning_rate(0.1 * static_cast<double>(i + 1));
      const auto loss = run.trial_step(i, 16);
      if (!loss) return run.print("no trial");
      run.print("trial " + std::to_string(*loss));
    }
    trial.end();
  }
  void on_train_batch_end(kairos::Batch& batch) {
    if (in_batch) static_cast<void>(batch.update_statistics(1));
  }
  void on_epoch_end(kairos::Epoch& epoch) {
    if (epoch.batches(Source::Validation) > 0) {
      const std::vector<double> values = epoch.evaluate_on(Source::Validation);
      epoch.print(values.empty() ? "no evaluation"
                                 : "loss " + std::to_string(values[*epoch.find_log("loss")]));
    }
    const float sample[] = {1, 2};
    const auto outputs = epoch.predict({{sample, {1, 2}}});
    epoch.print(outputs.empty() ? "no output" : "output " + std::to_string(outputs.front().data()[0]));
    if (!epoch.update_statistics(2)) epoch.print("no statistics");
  }
};

std::vector<std::string> lines(Fit& fit) {
  std::vector<std::string> all;
  for (const auto& line : fit.host().lines) all.push_back(line.text);
  return all;
}

void fill(kairos::testing::Host& host) {
  host.training_samples = 64;
  host.validation_samples = 10;
  host.trial_loss = [](std::int64_t batch, std::int64_t size) { return static_cast<double>(batch + size); };
  host.evaluation = [](Source source, std::int64_t first, std::int64_t count) {
    return std::vector<double>{source == Source::Validation ? static_cast<double>(first + count) : -1};
  };
  host.prediction = [](const std::vector<TensorData>& inputs) {
    return std::vector<TensorData>{{"out", {1}, {inputs.front().values[1]}, false}};
  };
}

}  // namespace

TEST_CASE("The test kit makes passes and trial steps", "[sdk]") {
  Fit fit(callback<Prober>());
  fill(fit.host());
  fit.epoch({{"loss", 1.0}});
  CHECK(lines(fit) == std::vector<std::string>{"trial 16.000000", "trial 17.000000", "trial 18.000000",
                                               "trial 19.000000", "loss 1.000000", "output 2.000000"});
  CHECK(fit.learning_rate() == 0.01);
  REQUIRE(fit.host().statistics.size() == 1);
  CHECK(fit.host().statistics.front().batches == 2);
  fit.end();
}

TEST_CASE("The test kit refuses passes in batches, and data that a run does not have", "[sdk]") {
  Fit in_batch(callback<Prober>(), {{"in_batch", true}});
  fill(in_batch.host());
  CHECK_THROWS_WITH(in_batch.epoch({{"loss", 1.0}}),
                    Catch::Contains("while no batch is under way, not in on_train_batch_end"));
  Fit without(callback<Prober>());
  fill(without.host());
  without.host().training_samples = 0;
  CHECK_THROWS_WITH(without.epoch({{"loss", 1.0}}), Catch::Contains("the run has no such data"));
  Fit unsupported(callback<Prober>());
  unsupported.host().makes_passes = false;
  CHECK_THROWS_WITH(unsupported.epoch({{"loss", 1.0}}), Catch::Contains("makes no passes for callbacks"));
  Fit forgetful(callback<Prober>());
  forgetful.host().remembers_training = false;
  CHECK_THROWS_WITH(forgetful.epoch({{"loss", 1.0}}), Catch::Contains("cannot remember a training"));
}

TEST_CASE("In the test kit, too, a signal ends passes without a failure", "[sdk]") {
  Fit fit(callback<Prober>());
  fill(fit.host());
  fit.host().ending = true;
  fit.epoch({{"loss", 1.0}});
  CHECK(lines(fit) == std::vector<std::string>{"no trial", "no evaluation", "no output", "no statistics"});
  CHECK(fit.learning_rate() == 0.01);
}
