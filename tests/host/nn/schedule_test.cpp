// SPDX-License-Identifier: MIT
// The expected rates are computed by hand from the formulas in Keras 3's documentation.
#include "nn/optimizers/schedule.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "host/error_text.hpp"
#include "nn/optimizer.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

std::unique_ptr<Optimizer> sgd_with(const std::string& schedule) {
  return make_optimizer("SGD(learning_rate=" + schedule + ")");
}

double rate_at(Optimizer& optimizer, std::int64_t step) {
  optimizer.set_iterations(step);
  return optimizer.hyper("learning_rate").value();
}

}  // namespace

TEST_CASE("A schedule gives each step the rate of Keras' formula", "[host][nn]") {
  struct Case {
    const char* schedule;
    std::vector<std::pair<std::int64_t, double>> rates;
  };
  const std::vector<Case> cases{
      {"ExponentialDecay(0.1,decay_steps=100,decay_rate=0.25)",
       {{0, 0.1}, {50, 0.05}, {100, 0.025}, {150, 0.0125}, {200, 0.00625}}},
      {"ExponentialDecay(0.1,100,0.25,staircase=true)",
       {{0, 0.1}, {50, 0.1}, {99, 0.1}, {100, 0.025}, {199, 0.025}, {200, 0.00625}}},
      {"InverseTimeDecay(1,10,decay_rate=0.5)", {{0, 1}, {10, 1 / 1.5}, {15, 1 / 1.75}, {20, 0.5}}},
      {"InverseTimeDecay(1,10,0.5,staircase=true)", {{9, 1}, {10, 1 / 1.5}, {19, 1 / 1.5}, {20, 0.5}}},
      {"PolynomialDecay(0.1,100)", {{0, 0.1}, {50, 0.05005}, {100, 0.0001}, {1000, 0.0001}}},
      {"PolynomialDecay(1,10,end_learning_rate=0.5,power=2)",
       {{0, 1}, {5, 0.5 + 0.5 * 0.25}, {10, 0.5}, {11, 0.5}}},
      // After 10 steps the decay is spread over 20, after 20 over 30.
      {"PolynomialDecay(1,10,end_learning_rate=0,cycle=true)",
       {{0, 1}, {5, 0.5}, {10, 0}, {11, 0.45}, {20, 0}, {21, 0.3}}},
      {"CosineDecay(0.1,decay_steps=100)",
       {{0, 0.1}, {25, 0.05 * (1 + std::sqrt(0.5))}, {50, 0.05}, {100, 0}, {500, 0}}},
      {"CosineDecay(0.1,100,alpha=0.2)", {{0, 0.1}, {50, 0.1 * (0.8 * 0.5 + 0.2)}, {100, 0.02}, {101, 0.02}}},
      // Linear from 0 to 1 over 10 steps, then a cosine over 100.
      {"CosineDecay(0,decay_steps=100,warmup_target=1,warmup_steps=10,alpha=0.1)",
       {{0, 0}, {5, 0.5}, {9, 0.9}, {10, 1}, {60, 0.9 * 0.5 + 0.1}, {110, 0.1}, {200, 0.1}}},
      {"CosineDecay(0.2,decay_steps=100,warmup_target=1,warmup_steps=10)", {{0, 0.2}, {5, 0.6}, {60, 0.5}}},
      // Periods of 10, 20, 40, each half as high.
      {"CosineDecayRestarts(1,first_decay_steps=10,m_mul=0.5)",
       {{0, 1}, {5, 0.5}, {10, 0.5}, {20, 0.25}, {30, 0.25}, {50, 0.125}, {70, 0.125}}},
      {"CosineDecayRestarts(1,10,t_mul=1,alpha=0.5)", {{0, 1}, {5, 0.75}, {10, 1}, {15, 0.75}, {40, 1}}},
      {"CosineDecayRestarts(1,10,t_mul=3)", {{10, 1}, {25, 0.5}, {40, 1}, {85, 0.5}, {130, 1}}},
      // A boundary step still belongs to the piece before it.
      {"PiecewiseConstantDecay((100,200),(1,0.5,0.1))",
       {{0, 1}, {100, 1}, {101, 0.5}, {200, 0.5}, {201, 0.1}, {999, 0.1}}},
      {"PiecewiseConstantDecay(boundaries=[10],values=[1,0.5])", {{10, 1}, {11, 0.5}}},
  };
  for (const Case& c : cases) {
    const auto optimizer = sgd_with(c.schedule);
    for (const auto& [step, rate] : c.rates) {
      INFO(c.schedule << " at " << step);
      CHECK(rate_at(*optimizer, step) == Approx(rate).epsilon(1e-6).margin(1e-9));
    }
  }
}

TEST_CASE("A step uses the rate of the number of previous steps", "[host][nn]") {
  Parameter p;
  p.name = "kernel";
  p.shape = {1};
  p.values.reserve(1);
  p.gradient.reserve(1);
  p.values.data()[0] = 10;
  const auto optimizer = sgd_with("PiecewiseConstantDecay((0,1),(1,0.5,0.25))");
  optimizer->build({{&p, "m_kernel"}});
  std::vector<float> seen;
  for (int step = 0; step < 4; ++step) {
    p.gradient.data()[0] = 1;
    optimizer->step();
    seen.push_back(p.values.data()[0]);
  }
  CHECK(seen == std::vector<float>{9, 8.5F, 8.25F, 8});
  // As in Keras, where the rate is then not a variable of the optimizer.
  REQUIRE(optimizer->slots().size() == 1);
  CHECK(optimizer->slots()[0].name == "SGD/iteration");
}

TEST_CASE("A schedule is read as Keras writes it, and written so that Keras reads it", "[host][nn]") {
  const std::string text =
      R"({"module": "keras.optimizers", "class_name": "Adam", "registered_name": null, "config": {
       "name": "adam", "learning_rate": {"module": "keras.optimizers.schedules", "class_name": "CosineDecay",
       "config": {"initial_learning_rate": 0.001, "decay_steps": 1000, "alpha": 0.0, "name": "CosineDecay",
       "warmup_target": 0.01, "warmup_steps": 100}, "registered_name": null}, "beta_1": 0.9}})";
  const auto optimizer = make_optimizer(text);
  CHECK(rate_at(*optimizer, 50) == Approx(0.0055));
  const nlohmann::json written = optimizer->json().at("config").at("learning_rate");
  CHECK(written == nlohmann::json::parse(text).at("config").at("learning_rate"));
  for (const char* schedule :
       {"ExponentialDecay(0.1,100,0.5)", "InverseTimeDecay(0.1,100,0.5,staircase=true)",
        "PolynomialDecay(0.1,100,power=2,cycle=true)", "CosineDecayRestarts(0.1,100,alpha=0.5)",
        "PiecewiseConstantDecay((1,2),(0.1,0.2,0.3),name=mine)"}) {
    INFO(schedule);
    const nlohmann::json once = sgd_with(schedule)->json();
    CHECK(make_optimizer(once.dump())->json() == once);
  }
  CHECK(
      sgd_with("PiecewiseConstantDecay((1,2),(0.1,0.2,0.3))")->json()["config"]["learning_rate"]["config"] ==
      nlohmann::json{{"name", "PiecewiseConstant"}, {"boundaries", {1, 2}}, {"values", {0.1, 0.2, 0.3}}});
}

TEST_CASE("A learning rate that a schedule decides cannot be set", "[host][nn]") {
  const auto scheduled = sgd_with("CosineDecay(0.1,1000)");
  CHECK(scheduled->hyper_fault("learning_rate") == "the schedule CosineDecay decides it");
  CHECK(scheduled->hyper_fault("momentum").empty());
  CHECK(make_optimizer("SGD")->hyper_fault("learning_rate").empty());
  CHECK(error_of([&] { return scheduled->set_hyper("learning_rate", 0.1); }) ==
        "KAIROS-M025: optimizer SGD: \"learning_rate\" cannot be set; found the schedule CosineDecay decides "
        "it, expected an optimizer whose learning rate is a number. Remove the callback or the schedule.");
}

TEST_CASE("An invalid schedule is refused by name", "[host][nn]") {
  struct Case {
    const char* schedule;
    const char* sentence;
  };
  for (
      const Case& c : {
          Case{"CosineDecy(0.1,100)",
               "KAIROS-M021: optimizer SGD learning_rate: there is no learning rate schedule \"CosineDecy\". "
               "Did you mean \"CosineDecay\"?"},
          Case{"CosineDecy(decay_steps=1)",
               "KAIROS-M021: optimizer SGD learning_rate: there is no learning rate schedule \"CosineDecy\". "
               "Did you mean \"CosineDecay\"?"},
          Case{"CosineDecay(0.1)",
               "KAIROS-M003: optimizer SGD learning_rate CosineDecay: \"decay_steps\" is missing; "
               "expected a number from 1 to 9e+15. Give \"decay_steps\"."},
          Case{"CosineDecay(0.1,100,warmup_steps=5)",
               "KAIROS-M003: optimizer SGD learning_rate CosineDecay: \"warmup_steps\" has a value that "
               "cannot be used; found 5, expected a warmup_target, or 0. Give \"warmup_target\", "
               "or leave \"warmup_steps\" out."},
          Case{"CosineDecay(0.1,100,warmup_step=5)",
               "KAIROS-M002: optimizer SGD learning_rate CosineDecay: there is no argument \"warmup_step\". "
               "Did "
               "you mean \"warmup_steps\"?"},
          Case{"PiecewiseConstantDecay((1,2),(1,2))",
               "KAIROS-M003: optimizer SGD learning_rate PiecewiseConstantDecay: \"values\" has a value that "
               "cannot be used; found [1,2], expected one more value than boundaries. Give \"values\" "
               "such a value."},
          Case{
              "PiecewiseConstantDecay((2,1),(1,2,3))",
              "KAIROS-M003: optimizer SGD learning_rate PiecewiseConstantDecay: \"boundaries\" has a value "
              "that cannot be used; found [2,1], expected steps in ascending order. Give \"boundaries\" such "
              "a value."},
          Case{"PiecewiseConstantDecay((1,1e20),(1,2,3))",
               "KAIROS-M003: optimizer SGD learning_rate PiecewiseConstantDecay: \"boundaries\" has a value "
               "that cannot be used; found [1,1e+20], expected a list of numbers from 0 to 9e+15. Give "
               "\"boundaries\" such a value."},
      }) {
    INFO(c.schedule);
    CHECK(error_of([&] { return sgd_with(c.schedule); }) == c.sentence);
  }
}
