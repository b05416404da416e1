// SPDX-License-Identifier: MIT
// LayerwiseLearningRate: the factor of each weight.
#include <catch2/catch.hpp>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

using Catch::Matchers::Contains;

namespace {

Plan plan_of(const std::string& plugin) {
  Plan plan{{plugin}};
  plan.prepare = [](StubTarget& target) {
    for (const char* name :
         {"conv/kernel", "conv/bias", "rnn/lstm_cell/kernel", "bi/forward_lstm/lstm_cell/kernel",
          "bi/backward_lstm/lstm_cell/kernel", "dense/kernel"})
      target.weights.push_back({name, {1}, {0}, {0}});
  };
  return plan;
}

std::vector<double> factors(const std::string& options) {
  Driver run(plan_of("LayerwiseLearningRate:" + options));
  run.begin();
  std::vector<double> all;
  for (std::size_t i = 0; i < 6; ++i) all.push_back(run.target.rate_factors.at(i));
  return all;
}

}  // namespace

TEST_CASE("LayerwiseLearningRate gives each weight its factor", "[plugins]") {
  struct Case {
    std::string options;
    std::vector<double> factors;
  };
  const Case table[] = {
      {"decay=0.5", {0.125, 0.125, 0.25, 0.5, 0.5, 1}},
      {"decay=1", {1, 1, 1, 1, 1, 1}},
      {"factors=conv=0.25", {0.25, 0.25, 1, 1, 1, 1}},
      {"factors=\"conv=0.25,dense=2\"", {0.25, 0.25, 1, 1, 1, 2}},
      {"factors=\"*/bias=2, *=0.5\"", {0.5, 2, 0.5, 0.5, 0.5, 0.5}},
      {"factors=\"conv=0\",decay=0.5", {0, 0, 0.25, 0.5, 0.5, 1}},
      {"factors=bi=1e-3", {1, 1, 1, 1e-3, 1e-3, 1}},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK(factors(row.options) == row.factors);
  }
}

TEST_CASE("LayerwiseLearningRate replaces the factors of a run that had other options", "[plugins]") {
  Driver before(plan_of("LayerwiseLearningRate:factors=conv=0.25"));
  before.begin();
  before.epoch({{1}, {1}});
  Driver after(plan_of("LayerwiseLearningRate:factors=dense=0.5"));
  after.resume(before.callbacks().save_state(), 1);
  after.begin();
  CHECK(after.target.rate_factors.at(0) == 1);
  CHECK(after.target.rate_factors.at(5) == 0.5);
  after.end();
  CHECK(after.target.rate_factors.at(5) == 1);
}

TEST_CASE("LayerwiseLearningRate prints the factors of layers", "[plugins]") {
  Driver run(plan_of("LayerwiseLearningRate:decay=0.9,verbose=1"));
  run.begin();
  CHECK(run.messages ==
        std::vector<std::string>{"conv: 0.729 times the learning rate", "rnn: 0.81 times the learning rate",
                                 "bi: 0.9 times the learning rate", "dense: 1 times the learning rate"});
}

TEST_CASE("LayerwiseLearningRate refuses wrong options before training", "[plugins]") {
  const auto refusal = [](const std::string& options) {
    return refusal_of(plan_of("LayerwiseLearningRate" + options));
  };
  CHECK_THAT(refusal(""),
             Contains("neither factors nor decay is set; expected one of them or both. Set for example "
                      "decay=0.9"));
  for (const char* wrong : {"conv", "=0.5", "conv=", "conv=x", "conv=-1", "conv=nan", "conv=inf", "conv=1e"})
    CHECK_THAT(refusal(":factors=\"" + std::string(wrong) + "\""),
               Contains("factors: found \"" + std::string(wrong) +
                        "\"; expected a layer and a number from 0, such as conv*=0.1. Correct it"));
  CHECK_THAT(refusal(":factors=\"conw=0.1\""), Contains("factors: no layer with weights is called \"conw\""));
  CHECK_THAT(refusal(":decay=0"), Contains("decay"));
  CHECK_THAT(refusal(":decay=1.5"), Contains("decay"));
}
