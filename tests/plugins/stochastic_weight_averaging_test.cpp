// SPDX-License-Identifier: MIT
// StochasticWeightAveraging: the averages and rates of PyTorch, and what becomes of them when the run ends.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/averages.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

bool prints(AveragedRun& run, const std::string& part) {
  for (const std::string& line : run.driver().messages)
    if (line.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("StochasticWeightAveraging averages as PyTorch's AveragedModel", "[plugins]") {
  const nlohmann::json recorded = recorded_averages("swa").at(0);
  const auto sequence = recorded.at("sequence").get<std::vector<Values>>();
  const auto averages = recorded.at("averages").get<std::vector<Values>>();
  const auto epochs = static_cast<std::int64_t>(sequence.size());
  const bool validates = GENERATE(true, false);
  AveragedRun run({"StochasticWeightAveraging:swa_epoch_start=0,verbose=1"}, sequence[0].size(), epochs);
  run.driver().begin();
  for (std::int64_t i = 0; i < epochs; ++i) {
    const auto n = static_cast<std::size_t>(i);
    run.begin_epoch(i);
    run.batch(sequence[n]);
    if (validates) CHECK(equal(run.validate(), averages[n]));
    run.end_epoch();
    CHECK(run.weights() == sequence[n]);  // to the bit
  }
  run.end();
  CHECK(equal(run.weights(), averages.back()));
  CHECK(prints(run, "The weights are now their average over " + std::to_string(epochs) + " epochs."));
}

TEST_CASE("StochasticWeightAveraging begins with the epoch that its option says", "[plugins]") {
  struct Case {
    std::string start;
    float average;  ///< of epochs that leave 1, 2, 4, 8
  };
  const Case table[] = {{"0", 3.75F},        {"1", 3.75F}, {"2", 14.0F / 3}, {"3", 6},   {"4", 8},
                        {"0.25", 14.0F / 3}, {"0.5", 6},   {"0.8", 8},       {"0.99", 8}};
  for (const Case& row : table) {
    INFO(row.start);
    AveragedRun run({"StochasticWeightAveraging:swa_start=" + row.start}, 1, 4);
    run.driver().begin();
    for (std::int64_t i = 0; i < 4; ++i) run.epoch(i, {static_cast<float>(1 << i)});
    run.end();
    CHECK(equal(run.weights(), {row.average}));
  }
}

TEST_CASE("StochasticWeightAveraging sets the learning rate as SWALR", "[plugins]") {
  struct Case {
    std::string options;
    std::vector<double> rates;
  };
  const Case table[] = {
      // Recorded from PyTorch.
      {"swa_lr=0.02,anneal_epochs=4",
       {0.1, 0.08828427124746191, 0.06, 0.0317157287525381, 0.02, 0.02, 0.02, 0.02}},
      {"swa_lr=0.02,anneal_epochs=4,anneal_strategy=linear", {0.1, 0.08, 0.06, 0.04, 0.02, 0.02}},
      {"swa_lr=0.02,anneal_epochs=0", {0.02, 0.02}},
      {"", {0.1, 0.1, 0.1}},
  };
  for (const Case& row : table) {
    INFO(row.options);
    const auto epochs = static_cast<std::int64_t>(row.rates.size()) + 1;
    AveragedRun run(
        {"StochasticWeightAveraging:swa_epoch_start=2" + (row.options.empty() ? "" : "," + row.options)}, 1,
        epochs);
    run.driver().target.rate = 0.1F;
    run.driver().begin();
    for (std::int64_t i = 0; i < epochs; ++i) {
      run.begin_epoch(i);
      const double expected = i == 0 ? 0.1 : row.rates[static_cast<std::size_t>(i - 1)];
      run.batch({1});
      CHECK(static_cast<double>(run.driver().target.rate) == Approx(expected).epsilon(1e-6));
      run.end_epoch();
    }
    run.end();
  }
}

TEST_CASE("StochasticWeightAveraging has the last word on the rate of an averaged epoch", "[plugins]") {
  AveragedRun run({"StochasticWeightAveraging:swa_epoch_start=2,swa_lr=0.5,anneal_epochs=0",
                   "LearningRateScheduler:schedule=0.1"},
                  1, 2);
  run.driver().begin();
  run.epoch(0, {1});
  CHECK(run.driver().target.rate == 0.1F);
  run.epoch(1, {1});
  CHECK(run.driver().target.rate == 0.5F);
  CHECK_FALSE(prints(run, "swa_lr"));
}

TEST_CASE("StochasticWeightAveraging warns of a callback that sets the rate of each batch", "[plugins]") {
  AveragedRun run({"StochasticWeightAveraging:swa_epoch_start=0,swa_lr=0.5,anneal_epochs=0",
                   "LearningRateSchedule:schedule=constant,initial_lr=0.25,per=batch"},
                  1, 2);
  run.driver().begin();
  run.epoch(0, {1});
  run.epoch(1, {1});
  CHECK(run.driver().target.rate == 0.25F);
  int warnings = 0;
  for (const std::string& line : run.driver().messages)
    if (line ==
        "the rate is 0.25 and not the 0.5 of swa_lr, because another callback sets it in each batch. "
        "Let it set the rate of epochs, or omit swa_lr")
      ++warnings;
  CHECK(warnings == 1);
}

TEST_CASE("StochasticWeightAveraging goes on in a resumed run", "[plugins]") {
  const std::string spec = "StochasticWeightAveraging:swa_epoch_start=2,swa_lr=0.5,anneal_epochs=3";
  const auto train = [](AveragedRun& run, std::int64_t from, std::int64_t to) {
    run.driver().begin();
    for (std::int64_t i = from; i < to; ++i) run.epoch(i, {static_cast<float>(i * i)});
  };
  AveragedRun whole({spec}, 1, 6);
  train(whole, 0, 6);
  whole.end();
  for (std::int64_t at = 1; at < 6; ++at) {
    INFO(at);
    AveragedRun before({spec}, 1, 6);
    train(before, 0, at);
    AveragedRun after({spec}, 1, 6);
    after.driver().resume(before.callbacks().save_state(), at);
    after.driver().target.weights = before.driver().target.weights;
    after.driver().target.rate = before.driver().target.rate;
    train(after, at, 6);
    CHECK(after.driver().target.rate == whole.driver().target.rate);
    after.end();
    CHECK(after.weights() == whole.weights());
  }
}

TEST_CASE("StochasticWeightAveraging says what it cannot do", "[plugins]") {
  AveragedRun run({"StochasticWeightAveraging:swa_epoch_start=3,update_bn=false"}, 1, 4);
  run.driver().begin();
  CHECK(prints(run,
               "the running statistics of BatchNormalization (bn/moving_mean) are those of the last averaged "
               "epoch; update_bn=true measures them for the average"));
  CHECK(run.epoch(0, {1}) == Values{1});
  run.end(host::RunEnd::Stopped);
  CHECK(run.weights() == Values{1});
  CHECK(
      prints(run, "no epoch was averaged: the run ended before epoch 3, the first one that would have been"));
}

TEST_CASE("StochasticWeightAveraging measures statistics once in each averaged epoch", "[plugins]") {
  const bool validates = GENERATE(true, false);
  AveragedRun run({"StochasticWeightAveraging:swa_epoch_start=3"}, 1, 4);
  run.driver().begin();
  const auto epoch = [&](std::int64_t index) {
    run.begin_epoch(index);
    run.batch({static_cast<float>(index)});
    if (validates) run.validate();
    run.end_epoch();
  };
  epoch(0);
  epoch(1);
  CHECK(run.driver().passes.measured.empty());
  epoch(2);
  epoch(3);
  run.end();
  CHECK(run.driver().passes.measured == std::vector<std::int64_t>{8, 8});
  CHECK_FALSE(prints(run, "the running statistics"));
}

TEST_CASE("StochasticWeightAveraging works in a loop without passes, and says what is missing", "[plugins]") {
  AveragedRun run({"StochasticWeightAveraging:swa_epoch_start=1"}, 1, 4, false);
  run.driver().begin();
  run.epoch(0, {1});
  run.end();
  CHECK(prints(run, "this training loop makes no passes for callbacks, which update_bn needs"));
}

TEST_CASE("After a signal, StochasticWeightAveraging leaves the statistics for later", "[plugins]") {
  AveragedRun run({"StochasticWeightAveraging:swa_epoch_start=1"}, 1, 4);
  run.driver().begin();
  run.driver().passes.interrupted = true;
  run.begin_epoch(0);
  run.batch({1});
  run.validate();
  CHECK(run.driver().passes.measured.empty());
  run.driver().passes.interrupted = false;
  run.end_epoch();
  CHECK(run.driver().passes.measured == std::vector<std::int64_t>{8});
}

TEST_CASE("StochasticWeightAveraging rejects invalid options", "[plugins]") {
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"swa_epoch_start=2.5",
       "swa_epoch_start is 2.5; expected a share of the epochs below 1, or the whole number of an "
       "epoch"},
      {"swa_epoch_start=5", "swa_epoch_start is epoch 5, but the run ends with epoch 4. Train longer, or"},
      {"swa_epoch_start=inf", "swa_epoch_start is epoch inf, but the run ends with epoch 4"},
      {"swa_epoch_start=1e308", "swa_epoch_start is epoch 1e+308, but the run ends with epoch 4"},
      {"swa_epoch_start=-1", "the value is out of range; found -1, expected at least 0"},
      {"swa_lr=0", "the value is out of range; found 0"},
      {"anneal_epochs=-1", "expected at least 0 epochs"},
      {"anneal_strategy=exp", "the value is not one of the choices; found \"exp\", expected cos, linear"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"StochasticWeightAveraging:" + row.options}}), Contains(row.sentence));
  }
}
