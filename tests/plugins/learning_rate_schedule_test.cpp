// SPDX-License-Identifier: MIT
// LearningRateSchedule: the rates that PyTorch recorded, the warm-up, and options that do not fit together.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;

/// Equal as float32; PyTorch's recursions end at 1e-18 where the closed form is 0.
Approx close_to(double value) {
  return Approx(value).epsilon(1e-7).margin(1e-12);
}

std::string plain(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const Json& item : value) list += (list.empty() ? "" : ",") + item.dump();
  return '"' + list + '"';
}

/// PyTorch's class and arguments as options of the callback; "" for a scheduler that is another callback.
std::string options_of(const Json& item) {
  const std::map<std::string, std::string> names = {{"StepLR", "step"},
                                                    {"MultiStepLR", "multi_step"},
                                                    {"ExponentialLR", "exponential"},
                                                    {"PolynomialLR", "polynomial"},
                                                    {"LinearLR", "constant"},
                                                    {"CosineAnnealingLR", "cosine"},
                                                    {"CosineAnnealingWarmRestarts", "cosine_restarts"},
                                                    {"OneCycleLR", "one_cycle"},
                                                    {"CyclicLR", "cyclic"}};
  const auto found = names.find(item["class"].get<std::string>());
  if (found == names.end()) return "";
  std::string options = "schedule=" + found->second + ",per=" + item["step"].get<std::string>();
  Json arguments = item["args"];
  if (found->second == "constant") {
    const double start = arguments.value("start_factor", 1.0 / 3);
    arguments = {{"warmup", arguments.value("total_iters", 5)}, {"warmup_factor", start}};
  }
  if (arguments.contains("epochs"))
    arguments["total"] = arguments["epochs"].get<int>() * arguments["steps_per_epoch"].get<int>();
  for (const char* key : {"epochs", "steps_per_epoch"}) arguments.erase(key);
  if (arguments.value("mode", "") == "exp_range") arguments.erase("mode");
  for (const auto& [key, value] : arguments.items()) options += "," + key + "=" + plain(value);
  if (found->second != "one_cycle" && found->second != "cyclic")
    options += ",initial_lr=" + item["optimizer"][1]["lr"].dump();
  return options;
}

Driver driver_of(const Json& item, const std::string& options) {
  Plan plan{{"LearningRateSchedule:" + options}};
  plan.epochs = static_cast<std::int64_t>(item["lr"].size());
  plan.steps = 1;
  const std::string momentum = item["optimizer"][0] == "Adam" ? "beta_1" : "momentum";
  plan.prepare = [&](StubTarget& target) {
    target.hypers[momentum] = item.contains("momentum") ? 0.9F : 0.0F;
  };
  return Driver(plan);
}

Plan plan_of(const std::string& options) {
  Plan plan{{"LearningRateSchedule:" + options}};
  plan.epochs = 8;
  plan.steps = 2;
  return plan;
}

std::vector<EpochLogs> epochs_of_two_batches(std::size_t count) {
  return std::vector<EpochLogs>(count, EpochLogs{{1}, {1}, {{1}, {1}}});
}

}  // namespace

TEST_CASE("LearningRateSchedule sets the rates and the momentum that PyTorch sets", "[plugins][golden]") {
  std::ifstream file(KAIROS_TEST_DATA "/callbacks/schedules.json");
  const Json recorded = Json::parse(file);
  std::map<std::string, int> checked;
  for (const Json& item : recorded["torch"]) {
    const std::string options = options_of(item);
    if (options.empty()) continue;
    CAPTURE(item["class"].get<std::string>(), options);
    Driver run = driver_of(item, options);
    run.begin();
    for (std::size_t i = 0; i < item["lr"].size(); ++i) {
      CAPTURE(i);
      run.epoch({{1}, {1}, {{1}}});
      CHECK(run.batch_rates.back() == close_to(item["lr"][i].get<double>()));
      if (item.contains("momentum"))
        CHECK(static_cast<double>(run.target.hypers.begin()->second) ==
              close_to(item["momentum"][i].get<double>()));
    }
    ++checked[item["class"].get<std::string>()];
  }
  CHECK(checked == std::map<std::string, int>{{"StepLR", 2},
                                              {"MultiStepLR", 2},
                                              {"ExponentialLR", 1},
                                              {"PolynomialLR", 2},
                                              {"LinearLR", 2},
                                              {"CosineAnnealingLR", 2},
                                              {"CosineAnnealingWarmRestarts", 2},
                                              {"OneCycleLR", 5},
                                              {"CyclicLR", 3}});
}

TEST_CASE("LearningRateSchedule warms up, and then begins as PyTorch's SequentialLR does",
          "[plugins][golden]") {
  std::ifstream file(KAIROS_TEST_DATA "/callbacks/schedules.json");
  const Json recorded = Json::parse(file);
  for (const Json& item : recorded["torch"]) {
    if (item["class"] != "SequentialLR") continue;
    Driver run = driver_of(item, "schedule=cosine,initial_lr=0.1,warmup=3,warmup_factor=0.2,total=7");
    run.begin();
    for (const Json& rate : item["lr"]) {
      run.epoch({{1}, {1}});
      CHECK(run.rates.back() == close_to(rate.get<double>()));
    }
    CHECK(run.rates.size() == 10);
  }
}

TEST_CASE("LearningRateSchedule restarts at a lower rate as Keras' CosineDecayRestarts does",
          "[plugins][golden]") {
  std::ifstream file(KAIROS_TEST_DATA "/callbacks/schedules.json");
  const Json recorded = Json::parse(file);
  int checked = 0;
  for (const Json& item : recorded["keras"]) {
    if (item["class"] != "CosineDecayRestarts") continue;
    const Json& config = item["config"];
    // Keras' alpha is a part of the rate of each period, so only its alpha of 0 is a min_lr.
    if (config.value("alpha", 0.0) != 0) continue;
    Driver run =
        driver_of(item.contains("optimizer") ? item : Json{{"lr", item["lr"]}, {"optimizer", {"SGD"}}},
                  "schedule=cosine_restarts,initial_lr=0.1,period=" + config["first_decay_steps"].dump() +
                      ",t_mul=" + config["t_mul"].dump());
    run.begin();
    for (const Json& rate : item["lr"]) {
      run.epoch({{1}, {1}});
      CHECK(run.rates.back() == Approx(rate.get<double>()).epsilon(1e-6).margin(1e-9));
    }
    ++checked;
  }
  CHECK(checked == 1);
}

TEST_CASE("LearningRateSchedule has these rates beyond what PyTorch has", "[plugins]") {
  struct Case {
    std::string options;
    std::vector<double> rates;
    const char* reason;
  };
  const Case table[] = {
      {"schedule=constant", {1, 1, 1, 1}, "the optimizer's rate"},
      {"schedule=constant,warmup=4",
       {1 / 3., .5, 2 / 3., 5 / 6., 1, 1},
       "a warm-up begins at 1/3, as LinearLR"},
      {"schedule=constant,warmup=4,warmup_factor=0", {0, .25, .5, .75, 1, 1}, "or at 0"},
      {"schedule=step,step_size=2,gamma=0.5,warmup=1,warmup_factor=0.5",
       {.5, 1, 1, .5, .5, .25},
       "steps are counted after the warm-up"},
      {"schedule=inverse_sqrt,warmup=1",
       {1 / 3., 1, std::sqrt(1 / 2.), std::sqrt(1 / 3.)},
       "falls from the end of the warm-up"},
      {"schedule=inverse_sqrt,warmup=4,warmup_factor=0.25",
       {.25, .4375, .625, .8125, 1, std::sqrt(4 / 5.)},
       "falls slower after a longer warm-up"},
      {"schedule=cosine_restarts,period=2,restart_factor=0.5",
       {1, .5, .5, .25, .25, .125},
       "each period begins at half the rate"},
      {"schedule=cosine_restarts,period=1,period_factor=2,restart_factor=0.5",
       {1, .5, .25, .25},
       "longer and lower periods"},
      {"schedule=polynomial,min_lr=0.5", {1, 1 - .5 / 8, 1 - .5 / 4}, "total is the length of the run"},
      {"schedule=polynomial,warmup=4",
       {1 / 3., .5, 2 / 3., 5 / 6., 1, .75, .5, .25},
       "the rest of it, after a warm-up"},
      {"schedule=one_cycle,max_lr=2,total=10", {.08, 1.04, 2}, "rises for 0.3 of the steps"},
      {"schedule=one_cycle,max_lr=2,total=2", {1.6235, 8e-6, 8e-6, 8e-6}, "the last rate is kept"},
      {"schedule=cyclic,max_lr=3,step_size_up=1,step_size_down=1,gamma=0.5", {1, 2, 1, 1.25}, "exp_range"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.reason);
    Driver run(plan_of(row.options));
    run.begin();
    for (const double rate : row.rates) {
      run.epoch({{1}, {1}});
      CHECK(run.rates.back() == Approx(rate).epsilon(1e-4).margin(1e-7));
    }
  }
}

TEST_CASE("LearningRateSchedule counts batches across epochs with per=batch", "[plugins]") {
  Driver run(plan_of("schedule=polynomial,per=batch"));
  run.fit(epochs_of_two_batches(3));
  CHECK(run.batch_rates == std::vector<double>{1, 15 / 16., 14 / 16., 13 / 16., 12 / 16., 11 / 16.});
  CHECK(run.value("learning_rate") == 11 / 16.);
}

TEST_CASE("LearningRateSchedule publishes the rate and prints it if verbose", "[plugins]") {
  Driver run(plan_of("schedule=exponential,gamma=0.5,verbose=1"));
  run.fit(losses({1, 1}));
  CHECK(run.value("learning_rate") == 0.5);
  CHECK(run.messages ==
        std::vector<std::string>{"Epoch 1: LearningRateSchedule setting learning rate to 1.",
                                 "Epoch 2: LearningRateSchedule setting learning rate to 0.5."});
}

TEST_CASE("LearningRateSchedule goes on in a resumed run", "[plugins]") {
  for (const std::string options :
       {"schedule=cosine,warmup=2", "schedule=cosine,warmup=3,per=batch", "schedule=exponential,gamma=0.9",
        "schedule=one_cycle,per=batch,max_lr=0.3"}) {
    CAPTURE(options);
    const std::vector<EpochLogs> epochs = epochs_of_two_batches(5);
    Driver whole(plan_of(options));
    whole.fit(epochs);
    for (std::size_t at = 1; at < 5; ++at) {
      const auto pieces = interrupted(plan_of(options), epochs, at);
      const std::vector<double> rest(whole.batch_rates.begin() + static_cast<std::ptrdiff_t>(2 * at),
                                     whole.batch_rates.end());
      CHECK(pieces->batch_rates == rest);
    }
  }
}

TEST_CASE("LearningRateSchedule begins where a run with an initial epoch begins", "[plugins]") {
  for (const std::string per : {"epoch", "batch"}) {
    Driver run(plan_of("schedule=polynomial,per=" + per));
    run.resume("", 4);
    run.fit(epochs_of_two_batches(5));
    CHECK(run.batch_rates.front() == 0.5);
  }
}

TEST_CASE("LearningRateSchedule rejects options that do not fit together", "[plugins]") {
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"per=epoch", "the option is required and not set"},
      {"schedule=cosin", "is not one of the choices"},
      {"schedule=cosine,power=2", "power does not apply with schedule=cosine. Omit it"},
      {"schedule=step", "step_size is not set with schedule=step. Set it"},
      {"schedule=multi_step", "milestones is not set"},
      {"schedule=multi_step,milestones='3,x'",
       "milestones: the value is not a list of type int; found \"3,x\", expected whole numbers separated by "
       "commas"},
      {"schedule=multi_step,milestones='3,-1'",
       "milestones: a value of the list is out of range; found -1, expected at least 0"},
      {"schedule=multi_step,milestones=''", "milestones is empty"},
      {"schedule=exponential", "gamma is not set"},
      {"schedule=exponential,gamma=0", "expected greater than 0"},
      {"schedule=cosine_restarts", "period is not set"},
      {"schedule=one_cycle", "max_lr is not set"},
      {"schedule=one_cycle,max_lr=1,initial_lr=1", "the first rate is max_lr / div_factor"},
      {"schedule=one_cycle,max_lr=1,warmup=1", "warmup does not apply with schedule=one_cycle. Omit it"},
      {"schedule=one_cycle,max_lr=1,warmup_factor=0.5",
       "warmup_factor does not apply with schedule=one_cycle"},
      {"schedule=cosine,warmup_factor=0.5",
       "warmup_factor applies to a warm-up, and warmup is 0. Set warmup to its steps, or omit warmup_factor"},
      {"schedule=one_cycle,max_lr=1,cycle_momentum=true", "needs an optimizer with momentum or beta_1"},
      {"schedule=one_cycle,max_lr=1,max_momentum=0.5", "max_momentum is 0.5, below base_momentum=0.85"},
      {"schedule=cyclic,max_lr=0.5", "max_lr is 0.5, below initial_lr=1"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of(plan_of(row.options)), Contains(row.sentence));
  }
  Plan unknown_length = plan_of("schedule=cosine,per=batch");
  unknown_length.steps = -1;
  CHECK_THAT(refusal_of(unknown_length), Contains("Set total to the number of batches of the run"));
  Plan no_rate = plan_of("schedule=cosine");
  no_rate.has_optimizer = false;
  CHECK_THAT(refusal_of(no_rate), Contains("the optimizer has no \"learning_rate\""));
}

TEST_CASE("LearningRateSchedule ends a run whose schedule overflows", "[plugins]") {
  Driver run(plan_of("schedule=exponential,gamma=1e30"));
  CHECK_THROWS_WITH(run.fit(losses({1, 1, 1, 1})), Contains("the schedule gives the rate inf in step 2"));
}
