// SPDX-License-Identifier: MIT
// SwapEMAWeights: what Keras' callback leaves in the model after each call.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/averages.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

/// The recorded model: its weights, and an optimizer with their averages.
Plan plan_of(const nlohmann::json& recorded) {
  const bool swaps = recorded.at("swap_on_epoch").get<bool>();
  Plan plan{{std::string("SwapEMAWeights:swap_on_epoch=") + (swaps ? "true" : "false")}};
  plan.epochs = recorded.at("epochs").get<std::int64_t>();
  plan.prepare = [recorded](StubTarget& target) {
    target.slots = {{"adam/iteration", {}, {3}}, {"adam/learning_rate", {}, {0.1F}}};
    for (std::size_t i = 0; i < recorded.at("start_weights").size(); ++i) {
      const auto weights = recorded.at("start_weights").at(i).get<Values>();
      const auto n = static_cast<std::int64_t>(weights.size());
      const std::string name = "w" + std::to_string(i);
      target.weights.push_back({name, {n}, weights, weights});
      target.slots.push_back(
          {"adam/" + name + "_average", {n}, recorded.at("start_averages").at(i).get<Values>()});
    }
    target.weights.insert(target.weights.begin(), {"bn/moving_mean", {1}, {7}});
    target.slots.push_back({"adam/w0_momentum", {1}, {9}});
  };
  return plan;
}

std::vector<Values> trained_of(StubTarget& target) {
  std::vector<Values> all;
  for (const StubWeight& one : target.weights)
    if (!one.gradient.empty()) all.push_back(one.values);
  return all;
}

}  // namespace

TEST_CASE("SwapEMAWeights shows the averages where Keras does", "[plugins]") {
  for (const nlohmann::json& recorded : recorded_averages("swap_ema_weights")) {
    Driver run(plan_of(recorded));
    host::Callbacks& c = run.callbacks();
    host::LogValues logs{1.0};
    run.begin();
    std::int64_t epoch = 0;
    int compared = 0;
    for (const nlohmann::json& entry : recorded.at("log")) {
      const auto call = entry.at("call").get<std::string>();
      INFO(call << ", swap_on_epoch " << recorded.at("swap_on_epoch"));
      const auto expected = entry.at("weights").get<std::vector<Values>>();
      if (call.starts_with("on_epoch_begin")) c.epoch_begin(epoch);
      if (call == "on_test_begin") c.test_begin(1);
      if (call == "on_test_end") c.test_end(logs);
      // What on_epoch_end leaves is seen by callbacks that come later, not by the loop.
      if (call.starts_with("on_epoch_end")) {
        c.epoch_end(logs, &logs);
        ++epoch;
        continue;
      }
      if (call.starts_with("end of fit")) break;  // the model does that
      CHECK(trained_of(run.target) == expected);
      CHECK(run.target.weights[0].values == Values{7});
      ++compared;
    }
    CHECK(compared >= 3);
  }
}

TEST_CASE("SwapEMAWeights lets a checkpoint have the averages with swap_on_epoch only", "[plugins]") {
  for (const nlohmann::json& recorded : recorded_averages("swap_ema_weights")) {
    Plan plan = plan_of(recorded);
    plan.plugins.push_back("EarlyStopping:monitor=loss,restore_best_weights=true");
    Driver run(plan);
    host::LogValues logs{1.0};
    run.begin();
    run.callbacks().epoch_begin(0);
    run.callbacks().epoch_end(logs, nullptr);
    CHECK(trained_of(run.target) == recorded.at("start_weights").get<std::vector<Values>>());
    run.end();  // EarlyStopping restores what was live in on_epoch_end
    CHECK(trained_of(run.target) ==
          recorded.at(recorded.at("swap_on_epoch") ? "start_averages" : "start_weights")
              .get<std::vector<Values>>());
  }
}

TEST_CASE("SwapEMAWeights shows the averages to predictions", "[plugins]") {
  const nlohmann::json recorded = recorded_averages("swap_ema_weights").at(0);
  Driver run(plan_of(recorded));
  run.callbacks().setup({});
  run.callbacks().predict_begin();
  CHECK(trained_of(run.target) == recorded.at("start_averages").get<std::vector<Values>>());
  run.callbacks().predict_end();
  CHECK(trained_of(run.target) == recorded.at("start_weights").get<std::vector<Values>>());
}

TEST_CASE("SwapEMAWeights uses the weights before the first step", "[plugins]") {
  const nlohmann::json recorded = recorded_averages("swap_ema_weights").at(0);
  Driver run(plan_of(recorded));
  run.target.slots[0].values[0] = 0;
  run.callbacks().setup({});
  run.callbacks().test_begin(1);
  CHECK(trained_of(run.target) == recorded.at("start_weights").get<std::vector<Values>>());
}

TEST_CASE("SwapEMAWeights needs an optimizer that averages", "[plugins]") {
  CHECK_THAT(
      refusal_of({{"SwapEMAWeights"}}),
      Contains("the optimizer keeps no averages of the weights; found 0, expected 1. Set use_ema=true in "
               "it, as in --optimizer 'Adam(use_ema=true)'"));
}
