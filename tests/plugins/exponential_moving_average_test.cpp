// SPDX-License-Identifier: MIT
// ExponentialMovingAverage: the averages of PyTorch, what sees them, and what stays when the run ends.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/averages.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

/// A run of one epoch, with a batch for each of the weights.
void train(AveragedRun& run, const std::vector<Values>& sequence) {
  run.driver().begin();
  run.begin_epoch(0);
  for (const Values& weights : sequence) run.batch(weights);
}

bool prints(AveragedRun& run, const std::string& part) {
  for (const std::string& line : run.driver().messages)
    if (line.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("ExponentialMovingAverage averages as PyTorch's AveragedModel", "[plugins]") {
  const nlohmann::json recorded = recorded_averages("swa").at(1);
  const auto sequence = recorded.at("sequence").get<std::vector<Values>>();
  const auto averages = recorded.at("averages").get<std::vector<Values>>();
  REQUIRE(sequence.size() > 3);
  for (std::size_t n = 1; n <= sequence.size(); ++n) {
    AveragedRun run({"ExponentialMovingAverage:decay=0.9"}, sequence[0].size(), 1);
    train(run, {sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(n)});
    CHECK(equal(run.validate(), averages[n - 1]));
    run.end_epoch();
    CHECK(run.weights() == sequence[n - 1]);  // to the bit
    run.end();
    CHECK(equal(run.weights(), averages[n - 1]));
  }
}

TEST_CASE("ExponentialMovingAverage averages the steps that its options select", "[plugins]") {
  struct Case {
    std::string options;
    float average;  ///< of epochs that leave 1, 2, 4, 8
  };
  const Case table[] = {
      {"decay=0.5", 5.375F},
      {"momentum=0.5", 5.375F},
      {"decay=0", 8},
      {"decay=0.5,update_every=2", 5},
      {"decay=0.5,update_every=3", 4},
      {"decay=0.5,start_from_epoch=2", 6},
      {"decay=0.5,start_from_epoch=9", 8},  // never: the weights stay as they are
  };
  for (const Case& row : table) {
    INFO(row.options);
    AveragedRun run({"ExponentialMovingAverage:" + row.options}, 1, 4);
    run.driver().begin();
    Values seen;
    for (std::int64_t i = 0; i < 4; ++i) seen = run.epoch(i, {static_cast<float>(1 << i)});
    CHECK(seen == Values{row.average});
    CHECK(run.weights() == Values{8});
    run.end();
    CHECK(run.weights() == Values{row.average});
  }
}

TEST_CASE("ExponentialMovingAverage counts steps, not batches, and copies weights that are not trained",
          "[plugins]") {
  AveragedRun run({"ExponentialMovingAverage:decay=0.5"}, 1, 1);
  run.driver().begin();
  run.begin_epoch(0);
  run.batch({1});
  run.batch({3});
  run.batch({3}, false);
  CHECK(run.validate() == Values{2});
  CHECK(run.statistic() == 2);  // of the last update
  run.end_epoch();
  CHECK(run.statistic() == 3);
}

TEST_CASE("ExponentialMovingAverage does not count a first batch without a step", "[plugins]") {
  AveragedRun run({"ExponentialMovingAverage:decay=0.5"}, 1, 1);
  run.driver().begin();
  run.begin_epoch(0);
  run.batch({1}, false);  // as of GradientAccumulation
  run.batch({3});
  run.batch({5});
  CHECK(run.validate() == Values{4});
}

TEST_CASE("ExponentialMovingAverage keeps the trained weights of a run that is interrupted", "[plugins]") {
  AveragedRun run({"ExponentialMovingAverage:decay=0.5,verbose=1"}, 1, 1);
  train(run, {{1}, {3}});
  run.callbacks().test_begin(1);
  CHECK(run.weights() == Values{2});
  run.callbacks().interrupt(15);
  CHECK(run.weights() == Values{3});
  run.end(host::RunEnd::Interrupted);
  CHECK(run.weights() == Values{3});
  CHECK_FALSE(prints(run, "average over"));
}

TEST_CASE("ExponentialMovingAverage goes on in a resumed run, and after a stop its average is the result",
          "[plugins]") {
  const std::string spec = "ExponentialMovingAverage:decay=0.75,update_every=2,verbose=1";
  AveragedRun whole({spec}, 2, 6);
  whole.driver().begin();
  for (std::int64_t i = 0; i < 6; ++i) whole.epoch(i, {static_cast<float>(i), static_cast<float>(i * i)});
  whole.end();
  for (std::int64_t at = 1; at < 6; ++at) {
    INFO(at);
    AveragedRun before({spec}, 2, 6);
    before.driver().begin();
    for (std::int64_t i = 0; i < at; ++i) before.epoch(i, {static_cast<float>(i), static_cast<float>(i * i)});
    AveragedRun after({spec}, 2, 6);
    after.driver().resume(before.callbacks().save_state(), at);
    after.driver().target.steps = before.driver().target.steps;
    after.driver().target.weights = before.driver().target.weights;
    after.driver().begin();
    for (std::int64_t i = at; i < 6; ++i) after.epoch(i, {static_cast<float>(i), static_cast<float>(i * i)});
    after.end(host::RunEnd::Stopped);
    CHECK(after.weights() == whole.weights());
    CHECK(prints(after, "The weights are now their average over 3 updates."));
  }
}

TEST_CASE("EarlyStopping restores the averages that were measured, whatever the order of the plugins",
          "[plugins]") {
  const std::string ema = "ExponentialMovingAverage:decay=0.5";
  const std::string stopping = "EarlyStopping:patience=1,restore_best_weights=true,monitor=loss";
  const bool ema_first = GENERATE(true, false);
  AveragedRun run(
      ema_first ? std::vector<std::string>{ema, stopping} : std::vector<std::string>{stopping, ema}, 1, 4);
  run.driver().begin();
  run.epoch(0, {1});
  const Values best = run.epoch(1, {3});
  run.epoch(2, {5});
  CHECK(best == Values{2});
  run.end(host::RunEnd::Stopped);
  CHECK(run.weights() == Values{1});  // the logs never improve: epoch 1 is the best
  CHECK(prints(run,
               "its weights are the result, in place of those that ExponentialMovingAverage has put there"));
}

TEST_CASE("Two ExponentialMovingAverage do not mix", "[plugins]") {
  const std::string slow = "ExponentialMovingAverage@slow:decay=0.75",
                    fast = "ExponentialMovingAverage@fast:decay=0.25";
  const bool slow_last = GENERATE(true, false);
  AveragedRun run(slow_last ? std::vector<std::string>{fast, slow} : std::vector<std::string>{slow, fast}, 1,
                  2);
  run.driver().begin();
  run.epoch(0, {0});
  CHECK(run.epoch(1, {4}) == Values{slow_last ? 1.0F : 3.0F});
  CHECK(run.weights() == Values{4});
  run.end();
  CHECK(run.weights() == Values{slow_last ? 1.0F : 3.0F});
}

TEST_CASE("ExponentialMovingAverage rejects invalid options", "[plugins]") {
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"decay=1", "the value is out of range; found 1, expected"},
      {"decay=-0.1", "the value is out of range; found -0.1, expected"},
      {"decay=nan", "decay"},
      {"update_every=0", "the value is out of range; found 0, expected at least 1 steps"},
      {"start_from_epoch=-1", "expected at least 0 epochs"},
      {"decai=0.9", "no such option. Did you mean \"decay\"?"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"ExponentialMovingAverage:" + row.options}}), Contains(row.sentence));
  }
}
