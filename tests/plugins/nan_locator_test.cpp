// SPDX-License-Identifier: MIT
// NanLocator: what it reports first.
#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

constexpr float nan32 = std::numeric_limits<float>::quiet_NaN();
constexpr float inf32 = std::numeric_limits<float>::infinity();

Plan plan_of(const std::string& options, float weight, float slot, float input, float target, float output,
             float gradient) {
  Plan plan{{"NanLocator" + options}};
  plan.prepare = [=](StubTarget& model) {
    model.weights = {{"dense/kernel", {2, 2}, {0, 0, 0, weight}, {0, 0, gradient, gradient}}};
    model.slots = {{"dense/kernel/m", {1}, {slot}}};
    model.batch = {{host::Role::Input, "x", {2, 3}, {0, 0, 0, 0, input, 0}},
                   {host::Role::Target, "y", {2}, {target, 0}},
                   {host::Role::Output, "softmax", {2, 1}, {0, output}}};
  };
  return plan;
}

}  // namespace

TEST_CASE("NanLocator reports the first tensor that is not finite", "[plugins]") {
  struct Case {
    float weight, slot, input, target, output, gradient;
    std::string reason;
  };
  const Case table[] = {
      {0, 0, 0, 0, 0, 0, ""},
      {nan32, inf32, 0, 0, nan32, nan32,
       "epoch 1, batch 1: the weight dense/kernel has nan at [1, 1] before the batch"},
      {0, -inf32, nan32, 0, 0, 0,
       "epoch 1, batch 1: the optimizer's state dense/kernel/m has -inf at [0] before the batch"},
      {0, 0, inf32, nan32, nan32, nan32, "epoch 1, batch 1: the input x has inf at [1, 1]"},
      {0, 0, 0, nan32, nan32, nan32, "epoch 1, batch 1: the target y has nan at [0]"},
      {0, 0, 0, 0, nan32, nan32, "epoch 1, batch 1: the output softmax has nan at [1, 0]"},
      {0, 0, 0, 0, 0, nan32,
       "epoch 1, batch 1: the gradient of dense/kernel has nan at [1, 0], the first of 2 such values"},
  };
  for (const Case& row : table) {
    CAPTURE(row.reason);
    Driver run(plan_of("", row.weight, row.slot, row.input, row.target, row.output, row.gradient));
    run.fit({{{1}, {1}, {{1}, {1}}}});
    CHECK(run.stop_reason() == row.reason);
    CHECK(run.target.steps == (row.reason.empty() ? 2 : 1));
    Driver warning(
        plan_of(":stop=false", row.weight, row.slot, row.input, row.target, row.output, row.gradient));
    warning.fit({{{1}, {1}, {{1}, {1}}}});
    CHECK(warning.stop_reason().empty());
    CHECK(warning.messages ==
          (row.reason.empty() ? std::vector<std::string>{} : std::vector<std::string>{row.reason}));
  }
}

TEST_CASE("NanLocator looks at every few steps if asked", "[plugins]") {
  Driver run(plan_of(":every=3", 0, 0, 0, 0, 0, 0));
  run.begin();
  run.epoch({{1}, {1}, {{1}}});
  run.target.weights[0].values[0] = nan32;
  run.epoch({{1}, {1}, {{1}, {1}, {1}}});
  CHECK(run.stop_reason() == "epoch 2, batch 3: the weight dense/kernel has nan at [0, 0] before the batch");
}
