// SPDX-License-Identifier: MIT
// LearningRateScheduler: formulas over the epoch and the current rate.
#include <catch2/catch.hpp>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

double rounded(double rate) {
  return static_cast<double>(static_cast<float>(rate));
}

}  // namespace

TEST_CASE("LearningRateScheduler sets the rate of each epoch", "[plugins]") {
  struct Case {
    std::string schedule;
    std::vector<double> rates;
  };
  const Case table[] = {
      {"0.5^epoch", {1, .5, .25, .125}},
      {"lr*0.5", {.5, .25, .125, .0625}},
      {"0.01*0.5^floor((1+epoch)/2)", {rounded(.01), rounded(.005), rounded(.005), rounded(.0025)}},
      {"epoch < 2 ? lr : lr*0.5", {1, 1, .5, .25}},
      {"0", {0, 0, 0, 0}},
  };
  for (const Case& row : table) {
    CAPTURE(row.schedule);
    Driver run({{"LearningRateScheduler:schedule='" + row.schedule + "'"}});
    run.fit(losses({1, 1, 1, 1}));
    CHECK(run.rates == row.rates);
    CHECK(run.value("learning_rate") == row.rates.back());
  }
}

TEST_CASE("LearningRateScheduler and ReduceLROnPlateau publish the rate that was used, in either order",
          "[plugins]") {
  const std::string schedule = "LearningRateScheduler:schedule=lr*1";
  const std::string plateau = "ReduceLROnPlateau:factor=0.5,patience=1";
  for (const std::vector<std::string>& plugins :
       {std::vector{schedule, plateau}, std::vector{plateau, schedule}}) {
    Driver run({plugins});
    run.begin();
    std::vector<double> published;
    for (const EpochLogs& logs : losses({1, 1, 1, 1})) {
      run.epoch(logs);
      published.push_back(run.value("learning_rate").value_or(-1));
    }
    CHECK(published == std::vector<double>{1, 1, .5, .25});
  }
}

TEST_CASE("LearningRateScheduler prints the rate if verbose", "[plugins]") {
  Driver run({{"LearningRateScheduler:schedule=0.05/(epoch+1),verbose=1"}});
  run.fit(losses({1, 1}));
  CHECK(run.messages ==
        std::vector<std::string>{"Epoch 1: LearningRateScheduler setting learning rate to 0.05.",
                                 "Epoch 2: LearningRateScheduler setting learning rate to 0.025."});
}

TEST_CASE("LearningRateScheduler continues from the restored rate in a resumed run", "[plugins]") {
  const Plan plan{{"LearningRateScheduler:schedule=lr*0.5+epoch"}};
  const std::vector<EpochLogs> epochs = losses({1, 1, 1, 1});
  Driver whole(plan);
  whole.fit(epochs);
  CHECK(interrupted(plan, epochs, 2)->target.rate == whole.target.rate);
}

TEST_CASE("LearningRateScheduler rejects invalid rates", "[plugins]") {
  struct Case {
    std::string schedule, sentence;
  };
  const Case table[] = {
      {"0.1-0.2*epoch",
       "Epoch 2: the schedule 0.1-0.2*epoch gives -0.1 for epoch=1, lr=0.1; expected a finite rate of "
       "0 or more. Correct the schedule"},
      {"1/(1-epoch)", "Epoch 2: the schedule 1/(1-epoch) gives inf for epoch=1, lr=1"},
      {"sqrt(0.5-epoch)", "for epoch=1, lr=0.70710677"},
      {"10^(epoch*100)", "Epoch 2: the schedule 10^(epoch*100) gives inf for epoch=1"},
  };
  for (const Case& row : table) {
    CAPTURE(row.schedule);
    Driver run({{"LearningRateScheduler:schedule='" + row.schedule + "'"}});
    CHECK_THROWS_WITH(run.fit(losses({1, 1, 1})), Contains(row.sentence));
    CHECK(run.epochs_run() == 1);
  }
}

TEST_CASE("LearningRateScheduler rejects invalid options", "[plugins]") {
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"", "the option is required and not set"},          {":schedule=0.1*epoc", "option schedule"},
      {":schedule=0.1*(epoch", "option schedule"},         {":shedule=0.1", "Did you mean \"schedule\"?"},
      {":schedule=0.1,verbose=-1", "expected at least 0"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"LearningRateScheduler" + row.options}}), Contains(row.sentence));
  }
  Plan plan{{"LearningRateScheduler:schedule=0.1"}};
  plan.has_optimizer = false;
  CHECK_THAT(refusal_of(plan), Contains("the optimizer has no \"learning_rate\""));
}
