// SPDX-License-Identifier: MIT
// TerminateOnNaN: the batch after which it stops the run.
#include <catch2/catch.hpp>

#include "plugins/driver.hpp"

namespace kairos::tests {

TEST_CASE("TerminateOnNaN stops the run after the batch whose loss is not finite", "[plugins]") {
  struct Case {
    std::vector<std::vector<double>> batches;
    std::int64_t steps;
    std::string reason;
  };
  const Case table[] = {
      {{{1}, {2}, {3}}, 6, ""},
      {{{1}, {nan}, {3}}, 2, "batch 1 of epoch 1: invalid loss (nan)"},
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
  run.fit({{{nan}, {2}, {{nan}}}});
  CHECK(run.epochs_run() == 1);
  CHECK(run.value("val_loss") == 2.0);
}

TEST_CASE("TerminateOnNaN has no options", "[plugins]") {
  CHECK_THAT(refusal_of({{"TerminateOnNaN:monitor=loss"}}), Catch::Matchers::Contains("no such option"));
}

}  // namespace kairos::tests
