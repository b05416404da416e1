// SPDX-License-Identifier: MIT
// LambdaCallback: conditions, what they can use, and what is done where they hold.
#include <catch2/catch.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
using Lines = std::vector<std::string>;

Plan plan_of(const std::string& options) {
  return {{"LambdaCallback:" + options},
          {},
          {{"loss", host::Direction::Min}, {"score", host::Direction::Max}},
          false};
}

/// Epochs of two batches with these losses; the score is 10 - loss.
std::vector<EpochLogs> epochs_of(const std::vector<double>& values) {
  std::vector<EpochLogs> epochs;
  for (const double loss : values) epochs.push_back({{loss, 10 - loss}, {}, {{loss + 1, 0}, {loss, 0}}});
  return epochs;
}

}  // namespace

TEST_CASE("LambdaCallback stops where its condition holds", "[plugins]") {
  struct Case {
    std::string options;
    std::vector<double> values;
    std::int64_t epochs, steps;
    const char* reason;
  };
  const Case table[] = {
      {"on_epoch_end='loss < 2 && epoch > 1'", {1, 1, 1, 1}, 3, 6, "both parts"},
      {"on_epoch_end='loss < 2'", {3, quiet_nan, 1, 1}, 3, 6, "NaN holds nothing"},
      {"on_epoch_end='loss'", {0, 0, 5, 1}, 3, 6, "any number but 0"},
      {"on_epoch_begin='epoch == 2'", {1, 1, 1, 1}, 3, 4, "no batch of the epoch is trained"},
      {"on_train_batch_begin='step == 3'", {1, 1, 1, 1}, 2, 4, "the batch is finished"},
      {"on_train_batch_end='loss > 4'", {1, 1, 3.5, 1}, 3, 5, "the running mean after a batch"},
      {"on_train_batch_end='batch == 1 && epoch == 1'", {1, 1, 1, 1}, 2, 4, "numbered from 0"},
      {"on_epoch_end='epoch + 2 == epochs'", {1, 1, 1, 1}, 3, 6, "the epochs of the run"},
      {"on_epoch_end='lr < 2 && lr > 0'", {1, 1}, 1, 2, "the rate"},
      {"on_epoch_end='value > ago1',monitor=loss", {3, 2, 2, 2.5, 1}, 4, 8, "not in the first epoch"},
      {"on_epoch_end='value > ago3',monitor=loss", {3, 4, 5, 4, 1}, 4, 8, "three epochs ago"},
      {"on_epoch_end='value == ago2',monitor=loss", {3, 4, 3, 4, 1}, 3, 6, "two epochs ago"},
      {"on_epoch_end='since_best == 2',monitor=loss", {3, 1, 2, 1, 1}, 4, 8, "an equal value is not better"},
      {"on_epoch_end='since_best == 2',monitor=score", {3, 1, 2, 1, 1}, 4, 8, "as the metric declares"},
      {"on_epoch_end='since_best == 2',monitor=loss,mode=max", {3, 1, 2, 1, 1}, 3, 6, "as mode says"},
      {"on_epoch_end='value > 2*best',monitor=loss", {3, quiet_nan, 1, 2, 2.5}, 5, 10, "the best so far"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.reason);
    const Plan plan = plan_of("action=stop," + row.options);
    Driver run(plan);
    // An epoch without batches after a stop has no end.
    run.fit(epochs_of(row.values));
    CHECK(run.epochs_run() == row.epochs);
    CHECK(run.target.steps == row.steps);
    if (row.steps < row.epochs * 2) continue;
    for (std::size_t at = 1; at < static_cast<std::size_t>(row.epochs); ++at)
      if (row.options.find("step") == std::string::npos)
        CHECK(interrupted(plan, epochs_of(row.values), at)->epochs_run() == row.epochs);
  }
}

TEST_CASE("LambdaCallback does nothing where its condition uses a missing value", "[plugins]") {
  for (const std::string condition :
       {"val_loss != 0", "value != 0", "best != 0", "value != ago1", "ago2 != 7", "ago3 != 7"}) {
    CAPTURE(condition);
    Plan plan = plan_of("action=stop,monitor=val_loss,on_epoch_end='" + condition + "'");
    plan.validates = true;
    plan.epochs = 6;
    Driver run(plan);
    run.begin();
    CHECK(run.epoch({{1, 2}}));
    for (int loss = 1; loss < 4 && run.epoch({{1, 2}, {static_cast<double>(loss), 2}}); ++loss) continue;
    CHECK(run.stop_reason().empty() == (condition == "ago3 != 7"));
  }
}

TEST_CASE("LambdaCallback gives its condition or its message as the reason", "[plugins]") {
  Driver run(plan_of("action=stop,on_epoch_end='loss < 2'"));
  run.fit(epochs_of({1}));
  CHECK(run.stop_reason() == "loss < 2");
  Driver told(plan_of("action=stop,on_epoch_end='loss < 2',message='good enough'"));
  told.fit(epochs_of({1}));
  CHECK(told.stop_reason() == "good enough");
}

TEST_CASE("LambdaCallback prints where its condition holds", "[plugins]") {
  Driver run(plan_of("action=print,on_epoch_end='loss > 2',on_train_batch_end='loss > 5',message=high"));
  run.fit(epochs_of({3, 1, 4.5}));
  CHECK(run.messages == Lines{"Epoch 1: high", "Epoch 3, batch 1: high", "Epoch 3: high"});
  CHECK(run.stop_reason().empty());
}

TEST_CASE("LambdaCallback sets the learning rate where its condition holds", "[plugins]") {
  Driver run(plan_of("action=set_lr,lr='lr*0.5',on_epoch_end='value >= ago1',monitor=loss"));
  run.fit(epochs_of({3, 3, 2, 2, 1}));
  CHECK(run.rates == std::vector<double>{1, 1, .5, .5, .25});
  Driver batches(plan_of("action=set_lr,lr='1/(step+1)',on_train_batch_begin=1"));
  batches.fit(epochs_of({1, 1}));
  CHECK(batches.batch_rates == std::vector<double>{1, .5, static_cast<double>(1.0F / 3), .25});
  Driver wrong(plan_of("action=set_lr,lr='1-epoch*2',on_epoch_end=1"));
  CHECK_THROWS_WITH(
      wrong.fit(epochs_of({1, 1, 1})),
      Contains("lr is -1 in epoch 2; expected a finite rate of 0 or more. Correct the formula"));
}

TEST_CASE("LambdaCallback rejects what could never work", "[plugins]") {
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"on_epoch_end=1", "the option is required and not set"},
      {"action=stop", "no condition is set. Set one, such as on_epoch_end='loss < 0.1'"},
      {"action=stop,on_epoch_end='los < 1'", "Did you mean \"loss\"?"},
      {"action=stop,on_epoch_end='val_loss < 1'",
       "on_epoch_end uses val_loss, which this run does not have. Did you mean \"loss\"? Known are: loss, "
       "score"},
      {"action=stop,on_epoch_end='1 > accuracy'", "on_epoch_end uses accuracy, which this run does not have"},
      {"action=stop,on_epoch_begin='loss < 1'",
       "on_epoch_begin uses loss, which has no value there. Use value with monitor=loss, or on_epoch_end"},
      {"action=stop,on_train_batch_begin='loss < 1'",
       "on_train_batch_begin uses loss, which has no value there"},
      {"action=stop,on_epoch_end='loss < best'", "on_epoch_end uses best, which needs a metric"},
      {"action=stop,on_train_batch_end='ago1'", "on_train_batch_end uses ago1, which needs a metric"},
      {"action=set_lr,on_epoch_end=1", "action=set_lr needs the new rate. Set for example lr='lr*0.5'"},
      {"action=set_lr,lr=1,on_epoch_end=1,message=hi",
       "message applies to action=print and action=stop only"},
      {"action=stop,on_epoch_end=1,lr=0.1", "lr applies to action=set_lr only"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of(plan_of(row.options)), Contains(row.sentence));
  }
  for (const std::string options :
       {"action=stop,on_train_batch_end='val_loss < 1'", "action=set_lr,lr=val_loss,on_train_batch_end=1"}) {
    CAPTURE(options);
    Plan validated = plan_of(options);
    validated.validates = true;
    CHECK_THAT(refusal_of(validated),
               Contains("uses val_loss, which has no value in a batch. Use loss, or a condition of "
                        "on_epoch_end"));
  }
  // since_best is one word, not best.
  CHECK(refusal_of(plan_of("action=stop,on_epoch_end='since_best > 2',monitor=loss")).empty());
  Plan none = plan_of("action=set_lr,lr=1,on_epoch_end=1");
  none.has_optimizer = false;
  CHECK_THAT(refusal_of(none), Contains("the optimizer has no \"learning_rate\""));
  Plan reading = plan_of("action=stop,on_epoch_end='lr < 1'");
  reading.has_optimizer = false;
  CHECK(refusal_of(reading).empty());
}
