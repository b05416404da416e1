// SPDX-License-Identifier: MIT
// EarlyStopping: when it stops a run, and which weights it restores.
#include <catch2/catch.hpp>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

const std::vector<host::LogKey> with_score = {{"loss", host::Direction::Min},
                                              {"score", host::Direction::Max}};

}  // namespace

TEST_CASE("EarlyStopping stops runs where Keras stops them", "[plugins]") {
  struct Case {
    std::vector<double> values;
    std::string options;
    std::int64_t epochs;
    float weight;  ///< number of the epoch whose weights remain
  };
  const Case table[] = {
      {{1, 1, 1, 1}, "patience=0", 2, 2},
      {{1, 2, 3, 4}, "patience=1", 2, 2},
      {{1, 2, 3, 4}, "patience=2", 3, 3},
      {{1, .5, .4, .39}, "patience=1,min_delta=0.1", 3, 3},
      {{1, .9, .8, .7}, "patience=1,min_delta=0.1", 2, 2},
      {{1, .9, .8, .7}, "patience=1,min_delta=-0.1", 2, 2},
      {{.8, .7, .6, .5}, "patience=1,min_delta=0.1", 2, 2},
      {{1, quiet_nan, .5, quiet_nan, .4}, "patience=2", 5, 5},
      {{1, .5, .7, .8, .9}, "patience=10,restore_best_weights=true", 5, 2},
      {{1, .5, .7, .8, .9}, "patience=10", 5, 5},
      {{5, 4, 3, 2, 1}, "patience=2,baseline=2.5", 5, 5},
      {{5, 6, 7, 8, 9}, "patience=2,baseline=2.5,restore_best_weights=true", 2, 1},
      {{9, 1, 5, 5, 5, 5, 5}, "patience=2,start_from_epoch=2,restore_best_weights=true", 5, 3},
      {{1, 2, 3, 4, 5}, "patience=1,mode=max", 5, 5},
      {{4, 3, 2, 1}, "patience=1,mode=max,restore_best_weights=true", 2, 1},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.values);
    Driver run({{"EarlyStopping:" + row.options}});
    run.fit(losses(row.values));
    CHECK(run.epochs_run() == row.epochs);
    CHECK(run.target.weight == row.weight);
  }
}

TEST_CASE("EarlyStopping never uses NaN as the best value, unlike Keras", "[plugins]") {
  struct Case {
    std::vector<double> values;
    std::string options;
    std::int64_t epochs;
    float weight;
  };
  const Case table[] = {
      {{quiet_nan, quiet_nan, 1, 2, 3}, "patience=2,restore_best_weights=true", 5, 3},
      {{quiet_nan, quiet_nan, quiet_nan, quiet_nan}, "patience=2,restore_best_weights=true", 3, 1},
      {{inf, 1, 2, 3}, "patience=2,restore_best_weights=true", 4, 2},
      {{3, quiet_nan, quiet_nan, 1}, "patience=2,restore_best_weights=true", 3, 1},
      {{quiet_nan, quiet_nan, 1}, "patience=2,baseline=0.5", 2, 2},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.values);
    Driver run({{"EarlyStopping:" + row.options}});
    run.fit(losses(row.values));
    CHECK(run.epochs_run() == row.epochs);
    CHECK(run.target.weight == row.weight);
  }
}

TEST_CASE("EarlyStopping uses the direction that the metric declares", "[plugins]") {
  Driver run({{"EarlyStopping:monitor=score,patience=1"}, {}, with_score, false});
  run.fit({{{1, .1}}, {{1, .2}}, {{1, .3}}, {{1, .2}}, {{1, .9}}});
  CHECK(run.epochs_run() == 4);
}

TEST_CASE("EarlyStopping does not count epochs in which the metric is unavailable", "[plugins]") {
  Driver run({{"EarlyStopping:patience=1"}});
  run.fit({{{1}}, {{1}, {5}}, {{1}}, {{1}}, {{1}, {4}}, {{1}}, {{1}, {4}}, {{1}}});
  CHECK(run.epochs_run() == 7);
}

TEST_CASE("EarlyStopping prints why it stopped the run and what it restored", "[plugins]") {
  Driver talking({{"EarlyStopping:patience=2,verbose=1,restore_best_weights=true"}});
  talking.fit(losses({3, 1, 2, 2, 2}));
  CHECK(talking.messages ==
        std::vector<std::string>{"Epoch 4: early stopping",
                                 "Restoring model weights from the end of the best epoch: 2."});
  CHECK(talking.stop_reason() == "val_loss has not improved in the last 2 epochs; the best was epoch 2");

  Driver silent({{"EarlyStopping:patience=1,restore_best_weights=true"}});
  silent.fit(losses({quiet_nan, quiet_nan}));
  CHECK(silent.messages.empty());
  CHECK(silent.stop_reason() == "val_loss has had no finite value so far");
}

TEST_CASE("EarlyStopping stops at limits that Keras does not have", "[plugins]") {
  struct Case {
    std::vector<double> values;
    std::string options;
    std::int64_t epochs;
    float weight;
    std::string reason;
  };
  const std::string never = "patience=9,restore_best_weights=true,";
  const Case table[] = {
      // The epoch that reaches the threshold is the best one.
      {{3, 2, .5, .1},
       never + "stopping_threshold=1",
       3,
       3,
       "val_loss has reached 0.5, better than stopping_threshold=1"},
      // The comparison is strict, as in Lightning.
      {{3, 1, 1, 1}, never + "stopping_threshold=1", 4, 2, ""},
      {{.1, .9, .95},
       never + "mode=max,stopping_threshold=0.8",
       2,
       2,
       "val_loss has reached 0.9, better than stopping_threshold=0.8"},
      // Also in the first epoch, unlike patience.
      {{.5, 2},
       never + "stopping_threshold=1",
       1,
       1,
       "val_loss has reached 0.5, better than stopping_threshold=1"},
      {{1, 2, 11, 1},
       never + "divergence_threshold=10",
       3,
       1,
       "val_loss has reached 11, worse than divergence_threshold=10"},
      {{1, 10, 10}, never + "divergence_threshold=10", 3, 1, ""},
      {{1, .5, .05},
       never + "mode=max,divergence_threshold=0.1",
       3,
       1,
       "val_loss has reached 0.05, worse than divergence_threshold=0.1"},
      {{1, inf, 1},
       never + "divergence_threshold=10",
       2,
       1,
       "val_loss has reached inf, worse than divergence_threshold=10"},
      {{1, quiet_nan, 1}, never + "check_finite=true", 2, 1, "val_loss is nan"},
      {{1, -inf, 1}, never + "check_finite=true", 2, 1, "val_loss is -inf"},
      // NaN is neither better nor worse than a threshold.
      {{1, quiet_nan, .9}, never + "stopping_threshold=0.1,divergence_threshold=10", 3, 3, ""},
      // Ignored epochs are not compared.
      {{99, 1, 99},
       never + "divergence_threshold=10,start_from_epoch=1",
       3,
       2,
       "val_loss has reached 99, worse than divergence_threshold=10"},
      // Infinity is no improvement, although it is smaller.
      {{1, -inf, -inf, 1},
       "patience=2,restore_best_weights=true",
       3,
       1,
       "val_loss has not improved in the last 2 epochs; the best was epoch 1"},
      // 1 percent of 100 is 1: 99.5 is no improvement, 98 is one.
      {{100, 99.5, 98, 97.5},
       "patience=1,min_delta=0.01,min_delta_mode=rel",
       2,
       2,
       "val_loss has not improved in the last epoch; the best was epoch 1"},
      {{100, 98, 97.5, 97.4},
       "patience=2,min_delta=0.01,min_delta_mode=rel",
       4,
       4,
       "val_loss has not improved in the last 2 epochs; the best was epoch 2"},
      // Of the size of the best: -101.5 is more than 1 percent better than -100.
      {{-100, -101.5, -101.6},
       "patience=1,min_delta=0.01,min_delta_mode=rel",
       3,
       3,
       "val_loss has not improved in the last epoch; the best was epoch 2"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.values);
    Driver run({{"EarlyStopping:" + row.options}});
    run.fit(losses(row.values));
    CHECK(run.epochs_run() == row.epochs);
    CHECK(run.target.weight == row.weight);
    CHECK(run.stop_reason() == row.reason);
  }
}

TEST_CASE("EarlyStopping waits for all of several metrics, or for any", "[plugins]") {
  // The loss stalls from the second epoch on, the score from the fourth.
  const std::vector<EpochLogs> epochs = {{{1, .1}}, {{1, .2}}, {{1, .3}}, {{1, .3}}, {{1, .3}}, {{1, .3}}};
  struct Case {
    std::string options;
    std::int64_t epochs;
    std::string reason;
  };
  const std::string both = "EarlyStopping:monitor=loss,monitors=score,patience=2";
  const Case table[] = {
      {both, 5,
       "loss has not improved in the last 4 epochs; the best was epoch 1; score has not improved in the last "
       "2 "
       "epochs; the best was epoch 3"},
      {both + ",stop_when=any", 3, "loss has not improved in the last 2 epochs; the best was epoch 1"},
      {"EarlyStopping:monitor=score,patience=2", 5,
       "score has not improved in the last 2 epochs; the best was epoch 3"},
      {"EarlyStopping:monitor=loss,monitors='score:min',patience=2", 3,
       "loss has not improved in the last 2 epochs; the best was epoch 1; score has not improved in the last "
       "2 "
       "epochs; the best was epoch 1"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    const Plan plan{{row.options}, {}, with_score, false};
    Driver run(plan);
    run.fit(epochs);
    CHECK(run.epochs_run() == row.epochs);
    CHECK(run.stop_reason() == row.reason);
    for (std::size_t at = 1; at < static_cast<std::size_t>(row.epochs); ++at) {
      const auto pieces = interrupted(plan, epochs, at);
      CHECK(pieces->epochs_run() == row.epochs);
      CHECK(pieces->stop_reason() == row.reason);
    }
  }
}

TEST_CASE("EarlyStopping checks the running means every few batches", "[plugins]") {
  const auto epoch = [](double first, double step) {
    EpochLogs logs{{first}, {}};
    for (int i = 0; i < 4; ++i) logs.batches.push_back({first + step * i});
    return logs;
  };
  Plan plan{{"EarlyStopping:monitor=loss,check_freq=2,patience=2,restore_best_weights=true,verbose=1"}};
  plan.validates = false;
  const std::vector<EpochLogs> epochs = {epoch(9, -1), epoch(5, 0), epoch(5, 0)};
  Driver run(plan);
  run.fit(epochs);
  // Checks: 8 and 6 in the first epoch, 5 and 5 in the second, 5 after two batches of the third.
  CHECK(run.target.steps == 10);
  CHECK(run.stop_reason() == "loss has not improved in the last 2 checks; the best was in epoch 2");
  CHECK(run.messages == std::vector<std::string>{"Epoch 3: early stopping",
                                                 "Restoring model weights from the best check, in epoch 2."});
  CHECK(interrupted(plan, epochs, 1)->stop_reason() == run.stop_reason());
}

TEST_CASE("EarlyStopping continues counting in a resumed run", "[plugins]") {
  const Plan plan{{"EarlyStopping:patience=3,restore_best_weights=true,baseline=4"}};
  const std::vector<EpochLogs> epochs = losses({5, 4, 3, 6, 2, 7, 7, 7, 1});
  Driver whole(plan);
  whole.fit(epochs);
  REQUIRE(whole.epochs_run() == 8);
  for (std::size_t at = 1; at < 8; ++at) {
    CAPTURE(at);
    const auto pieces = interrupted(plan, epochs, at);
    CHECK(pieces->epochs_run() == whole.epochs_run());
    CHECK(pieces->target.weight == whole.target.weight);
    CHECK(pieces->stop_reason() == whole.stop_reason());
  }
}

TEST_CASE("EarlyStopping starts anew in a resumed run if it monitors another metric", "[plugins]") {
  // The best loss of the first run is one that the other metric never beats.
  Driver before({{"EarlyStopping:monitor=loss,patience=1"}});
  before.begin();
  before.epoch({{0.1}, {9}});
  const std::string state = before.callbacks().save_state();
  const std::vector<EpochLogs> epochs = {{{0.1}, {9}}, {{0.1}, {8}}, {{0.1}, {7}}, {{0.1}, {6}}};
  Driver other({{"EarlyStopping:monitor=val_loss,patience=1"}});
  other.resume(state, 1);
  other.fit(epochs);
  CHECK(other.epochs_run() == 4);
  REQUIRE_FALSE(other.messages.empty());
  CHECK_THAT(other.messages[0], Contains("another value of the option monitor (loss, now val_loss)"));
  Driver same({{"EarlyStopping:monitor=loss,patience=1"}});
  same.resume(state, 1);
  same.fit(epochs);
  CHECK(same.epochs_run() == 2);
}

TEST_CASE("EarlyStopping rejects invalid options", "[plugins]") {
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"stop_when=any,monitor=loss", "stop_when=any chooses among several metrics, and monitors is not set"},
      {"patience=-1", "the value is out of range; found -1, expected at least 0 epochs"},
      {"patience=ten", "the value is not of type int"},
      {"patince=3", "no such option. Did you mean \"patience\"?"},
      {"mode=up", "the value is not one of the choices; found \"up\", expected auto, min, max"},
      {"monitor=val_los", "no such metric in this run; found \"val_los\""},
      {"start_from_epoch=-1", "expected at least 0 epochs"},
      {"min_delta=nan", "min_delta is not finite. Set min_delta=0 or a small number"},
      {"baseline=nan", "baseline is NaN, which no value can beat. Set a number or omit it"},
      {"stopping_threshold=nan", "stopping_threshold is NaN, which no value can beat"},
      {"divergence_threshold=nan", "divergence_threshold is NaN, which no value can beat"},
      {"monitors='loss,val_los'",
       "monitors has \"val_los\", which this run does not have. Did you mean \"val_loss\"? Known are: loss, "
       "val_loss"},
      {"monitors='loss:up'",
       "monitors has \"loss:up\"; expected a metric that declares a direction, or loss:min or loss:max"},
      {"check_freq=often",
       "check_freq is \"often\"; expected epoch, or a number of batches of 1 or more. Correct it"},
      {"check_freq=2",
       "\"val_loss\" has no value at the end of a batch, where check_freq=2 checks. Monitor loss, or set "
       "check_freq=epoch"},
      {"monitor=loss,check_freq=2,monitors=val_loss", "which this run does not have at the end of a batch"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"EarlyStopping:" + row.options}}), Contains(row.sentence));
  }
  CHECK_THAT(
      refusal_of({{"EarlyStopping"}, {}, {{"loss", host::Direction::Min}}, false}),
      Contains("found \"val_loss\", the default") && Contains("Add validation data, or set monitor=loss"));
  const std::vector<host::LogKey> unknown = {{"loss", host::Direction::Min},
                                             {"mine", host::Direction::Unknown}};
  CHECK_THAT(refusal_of({{"EarlyStopping:monitor=mine"}, {}, unknown}), Contains("Set mode=min or mode=max"));
  CHECK(refusal_of({{"EarlyStopping:monitor=mine,mode=max"}, {}, unknown}) == "");
}
