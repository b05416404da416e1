// SPDX-License-Identifier: MIT
// ReduceLROnPlateau: the rate of each epoch.
#include <catch2/catch.hpp>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

/// Rounded to float32, as the optimizer stores them.
std::vector<double> rounded(const std::vector<double>& rates) {
  std::vector<double> out;
  for (const double rate : rates) out.push_back(static_cast<double>(static_cast<float>(rate)));
  return out;
}

std::vector<double> constant(std::size_t epochs) {
  return std::vector<double>(epochs, 1.0);
}

}  // namespace

TEST_CASE("ReduceLROnPlateau lowers the rate where Keras lowers it", "[plugins]") {
  struct Case {
    std::vector<double> values;
    std::string options;
    std::vector<double> rates;
  };
  const Case table[] = {
      {constant(8), "factor=0.5,patience=2", {1, 1, 1, .5, .5, .25, .25, .125}},
      {constant(10), "factor=0.5,patience=2,cooldown=2", {1, 1, 1, .5, .5, .5, .25, .25, .25, .125}},
      {constant(5), "factor=0.5,patience=1,cooldown=1", {1, 1, .5, .25, .125}},
      {constant(4), "factor=0.5,patience=0", {1, 1, .5, .25}},
      {constant(5), "factor=0.1,patience=1,min_lr=0.05", {1, 1, .1, .05, .05}},
      {constant(5), "factor=0.1,patience=1,min_lr=2", {1, 1, 1, 1, 1}},
      {{1, .9999, .9998, .9997}, "factor=0.5,patience=1", {1, 1, .5, .5}},
      {{1, .95, .9, .85, .8}, "factor=0.5,patience=1,min_delta=0.05", {1, 1, .5, .5, .25}},
      {{1, .95, .9, .85, .8}, "factor=0.5,patience=1,epsilon=0.05", {1, 1, .5, .5, .25}},
      {{1, 2, 3, 4}, "factor=0.5,patience=1,mode=max", {1, 1, 1, 1}},
      {{quiet_nan, quiet_nan, quiet_nan, quiet_nan, quiet_nan}, "factor=0.5,patience=2", {1, 1, 1, .5, .5}},
      {{quiet_nan, 2, 1, .5, .4}, "factor=0.5,patience=1", {1, 1, 1, 1, 1}},
      {{2, -inf, 2, 2, 2}, "factor=0.5,patience=2", {1, 1, 1, .5, .5}},  // Infinity is no improvement.
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.values);
    Driver run({{"ReduceLROnPlateau:" + row.options}});
    run.fit(losses(row.values));
    CHECK(run.rates == rounded(row.rates));
  }
}

TEST_CASE("ReduceLROnPlateau publishes the rate that the epoch used", "[plugins]") {
  Driver run({{"ReduceLROnPlateau:factor=0.5,patience=1"}});
  run.begin();
  run.epoch({{1}, {1}});
  run.epoch({{1}, {1}});
  CHECK(run.value("learning_rate") == 1.0);
  CHECK(run.target.rate == 0.5f);
  run.epoch({{1}});
  CHECK(run.value("learning_rate") == 0.5);
  CHECK(run.target.rate == 0.5f);
  run.end();
}

TEST_CASE("ReduceLROnPlateau prints reductions if verbose", "[plugins]") {
  Driver run({{"ReduceLROnPlateau:factor=0.1,patience=1,verbose=1"}});
  run.fit(losses(constant(3)));
  CHECK(run.messages ==
        std::vector<std::string>{"Epoch 2: ReduceLROnPlateau reducing learning rate to 0.1.",
                                 "Epoch 3: ReduceLROnPlateau reducing learning rate to 0.01."});
}

TEST_CASE("ReduceLROnPlateau continues counting in a resumed run", "[plugins]") {
  const Plan plan{{"ReduceLROnPlateau:factor=0.5,patience=2,cooldown=2"}};
  const std::vector<EpochLogs> epochs = losses({2, 1, 1, 1, 1, .5, 1, 1, 1, 1});
  Driver whole(plan);
  whole.fit(epochs);
  REQUIRE(whole.target.rate == 0.25f);
  for (std::size_t at = 1; at < epochs.size(); ++at) {
    CAPTURE(at);
    const auto pieces = interrupted(plan, epochs, at);
    CHECK(pieces->rates ==
          std::vector<double>(whole.rates.begin() + static_cast<std::ptrdiff_t>(at), whole.rates.end()));
    CHECK(pieces->target.rate == whole.target.rate);
  }
}

TEST_CASE("ReduceLROnPlateau rejects invalid options", "[plugins]") {
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"factor=1", "the value is out of range; found 1, expected greater than 0 and less than 1"},
      {"factor=0", "expected greater than 0 and less than 1"},
      {"factor=-0.5", "expected greater than 0 and less than 1"},
      {"patience=-1", "expected at least 0 epochs"},
      {"cooldown=-1", "expected at least 0 epochs"},
      {"min_lr=-1", "expected at least 0"},
      {"min_lr=inf", "min_lr is not finite"},
      {"min_delta=inf", "min_delta is not finite"},
      {"epsilon=1,min_delta=1", "the option is set twice"},
      {"facto=0.5", "Did you mean \"factor\"?"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"ReduceLROnPlateau:" + row.options}}), Contains(row.sentence));
  }
  Plan plan{{"ReduceLROnPlateau"}};
  plan.has_optimizer = false;
  CHECK_THAT(refusal_of(plan), Contains("the optimizer has no \"learning_rate\""));
}
