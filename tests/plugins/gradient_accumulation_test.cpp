// SPDX-License-Identifier: MIT
// GradientAccumulation: what it asks of the steps.
#include <catch2/catch.hpp>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

using Catch::Matchers::Contains;

TEST_CASE("GradientAccumulation makes one step from as many batches as its option says", "[plugins]") {
  for (const char* option : {"batches", "gradient_accumulation_steps"}) {
    Driver run({{"GradientAccumulation:" + std::string(option) + "=4"}});
    run.begin();
    CHECK(run.target.accumulated == 4);
    run.epoch({{1}, {1}});
    CHECK(run.target.accumulated == 4);
    run.end();
    CHECK(run.target.accumulated == 1);
  }
}

TEST_CASE("GradientAccumulation takes the number of this run when it is resumed with another", "[plugins]") {
  Driver before({{"GradientAccumulation:batches=4"}});
  before.begin();
  before.epoch({{1}, {1}});
  Driver after({{"GradientAccumulation:batches=2"}});
  after.resume(before.callbacks().save_state(), 1);
  after.begin();
  CHECK(after.target.accumulated == 2);
}

TEST_CASE("GradientAccumulation is refused before training where gradients do not add up", "[plugins]") {
  Plan plan{{"GradientAccumulation:batches=2"}};
  plan.prepare = [](StubTarget& target) { target.step_fault = "the outputs differ"; };
  CHECK_THAT(refusal_of(plan),
             Contains("GradientAccumulation") &&
                 Contains("a step cannot be made from several batches: the outputs differ"));
  plan.prepare = [](StubTarget& target) { target.controls_steps = false; };
  CHECK_THAT(refusal_of(plan), Contains("does not let callbacks control its update steps"));
  CHECK_THAT(refusal_of({{"GradientAccumulation"}}), Contains("batches"));
  CHECK_THAT(refusal_of({{"GradientAccumulation:batches=0"}}), Contains("batches") && Contains("0"));
  CHECK_THAT(refusal_of({{"GradientAccumulation@a:batches=2", "GradientAccumulation@b:batches=2"}}),
             Contains("a makes one step from 2 batches already; let one callback accumulate gradients"));
}
