// SPDX-License-Identifier: MIT
// TerminateOnNaN: the batch after which it stops the run.
#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

TEST_CASE("TerminateOnNaN stops the run after the batch whose loss is not finite", "[plugins]") {
  struct Case {
    std::vector<std::vector<double>> batches;
    std::int64_t steps;
    std::string reason;
  };
  const Case table[] = {
      {{{1}, {2}, {3}}, 6, ""},
      {{{1}, {quiet_nan}, {3}}, 2, "batch 1 of epoch 1: invalid loss (nan)"},
      {{{inf}, {2}, {3}}, 1, "batch 0 of epoch 1: invalid loss (inf)"},
      {{{1}, {2}, {-inf}}, 3, "batch 2 of epoch 1: invalid loss (-inf)"},
  };
  for (const Case& row : table) {
    Driver run({{"TerminateOnNaN"}});
    run.fit({{{1}, {1}, row.batches}, {{1}, {1}, row.batches}});
    CHECK(run.target.steps == row.steps);
    CHECK(run.stop_reason() == row.reason);
  }
}

TEST_CASE("TerminateOnNaN lets the epoch end, so the logs are complete", "[plugins]") {
  Driver run({{"TerminateOnNaN"}});
  run.fit({{{quiet_nan}, {2}, {{quiet_nan}}}});
  CHECK(run.epochs_run() == 1);
  CHECK(run.value("val_loss") == 2.0);
}

TEST_CASE("TerminateOnNaN fails with raise_error", "[plugins]") {
  Driver run({{"TerminateOnNaN:raise_error=true"}});
  CHECK_THROWS_WITH(
      run.fit({{{1}, {1}, {{1}, {quiet_nan}, {1}}}}),
      Catch::Matchers::Contains("batch 1 of epoch 1: invalid loss (nan). Lower the learning rate, "
                                "scale the data, or clip the gradients"));
  CHECK(run.target.steps == 2);
  CHECK(run.stop_reason().empty());
  // The user's policy applies to this failure, too.
  Driver going_on({{"TerminateOnNaN:raise_error=true,on_error=warn"}});
  going_on.fit({{{1}, {1}, {{quiet_nan}, {1}}}});
  CHECK(going_on.target.steps == 2);
}

TEST_CASE("TerminateOnNaN finds gradients and weights that are not finite", "[plugins]") {
  struct Case {
    std::string options;
    float weight, gradient;
    std::int64_t steps;
    std::string reason;
  };
  const float nan32 = std::numeric_limits<float>::quiet_NaN();
  const float inf32 = std::numeric_limits<float>::infinity();
  const float largest = std::numeric_limits<float>::max();
  const Case table[] = {
      {"", nan32, nan32, 2, ""},  // As Keras: only the loss is checked.
      {":gradients=true", 1, nan32, 1, "batch 0 of epoch 1: the gradient of dense/kernel is NaN or infinite"},
      {":gradients=true", 1, -inf32, 1,
       "batch 0 of epoch 1: the gradient of dense/kernel is NaN or infinite"},
      {":gradients=true", nan32, -largest, 2, ""},  // The largest number is one, and weights are not checked.
      {":weights=true", inf32, 0, 1, "batch 0 of epoch 1: the weight dense/kernel is NaN or infinite"},
      {":weights=true", largest, nan32, 2, ""},
      {":weights=true", -nan32, 0, 1, "batch 0 of epoch 1: the weight dense/kernel is NaN or infinite"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.weight, row.gradient);
    Plan plan{{"TerminateOnNaN" + row.options}};
    plan.prepare = [&](StubTarget& target) {
      target.weights = {{"dense/bias", {2}, {0, 1}, {0, 1}},
                        {"dense/kernel", {3}, {0, 1, row.weight}, {1, row.gradient, -0.0F}}};
    };
    Driver run(plan);
    run.fit({{{1}, {1}, {{1}, {1}}}});
    CHECK(run.target.steps == row.steps);
    CHECK(run.stop_reason() == row.reason);
  }
}

TEST_CASE("TerminateOnNaN rejects options that it does not have", "[plugins]") {
  CHECK_THAT(refusal_of({{"TerminateOnNaN:monitor=loss"}}), Catch::Matchers::Contains("no such option"));
}
