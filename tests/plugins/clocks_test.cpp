// SPDX-License-Identifier: MIT
// Timer, Throughput and LearningRateMonitor: limits that time reaches, and what they add to the logs.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "plugins/driver.hpp"
#include "plugins/loaded_callback.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

const EpochLogs two_batches{{1}, {1}, {{1}, {1}}};

void sleep(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("Timer stops at its limit", "[plugins]") {
  struct Case {
    std::string options;
    std::int64_t epochs, steps;
    std::string reason;
    const char* why;
  };
  const Case table[] = {
      {"duration=1ns", 1, 2, "the time limit of 0s has been reached", "the first epoch is finished"},
      {"duration=1ns,interval=batch", 1, 1, "the time limit of 0s has been reached", "after the first batch"},
      {"duration=1h", 3, 6, "", "far away"},
      {"duration=1h,interval=batch", 3, 6, "", "far away"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.why);
    Driver run({{"Timer:" + row.options}});
    run.fit({two_batches, two_batches, two_batches});
    CHECK(run.epochs_run() == row.epochs);
    CHECK(run.target.steps == row.steps);
    CHECK(run.stop_reason() == row.reason);
  }
}

TEST_CASE("Timer stops before an epoch that would exceed the limit", "[plugins]") {
  Driver run({{"Timer:duration=100s"}});
  run.begin();
  run.callbacks().epoch_begin(0);
  sleep(20);
  host::LogValues logs({1});
  run.callbacks().epoch_end(logs, nullptr);
  CHECK(run.stop_reason() == "");  // Thousands of such epochs fit.
  Driver near({{"Timer:duration=30ms"}});
  near.begin();
  near.callbacks().epoch_begin(0);
  sleep(20);
  near.callbacks().epoch_end(logs, nullptr);
  // On a slow machine, the limit itself may have passed.
  CHECK_THAT(near.stop_reason(), Contains("the next epoch would probably exceed the time limit of 0.03s") ||
                                     Contains("has been reached"));
}

TEST_CASE("Timer counts the time of earlier processes if asked", "[plugins]") {
  for (const std::string across : {"true", "false"}) {
    const Plan plan{{"Timer:duration=10s,across_resumes=" + across}};
    Driver before({{"Timer:duration=10h,across_resumes=" + across}});
    before.begin();
    before.epoch(two_batches);
    Driver after(plan);
    after.resume(before.callbacks().save_state(), 1);
    after.fit({two_batches, two_batches});
    CHECK(after.stop_reason() == "");
  }
  // The saved time is more than the limit of the resumed run.
  Driver before({{"Timer:duration=10h,across_resumes=true"}});
  before.begin();
  before.callbacks().epoch_begin(0);
  sleep(30);
  host::LogValues logs({1});
  before.callbacks().epoch_end(logs, nullptr);
  const std::string state = before.callbacks().save_state();
  Driver across({{"Timer:duration=29ms,across_resumes=true"}});
  across.resume(state, 1);
  across.fit({two_batches, two_batches, two_batches});
  CHECK(across.epochs_run() == 2);
  CHECK(across.stop_reason() == "the time limit of 0.03s has been reached");
}

namespace {

/// The state of a run that has trained for 30 ms, in the middle of its first epoch.
std::string state_inside_an_epoch(const std::string& plugin) {
  Driver before({{plugin}});
  before.begin();
  before.callbacks().epoch_begin(0);
  sleep(30);
  before.callbacks().train_batch_begin(0, 1);
  host::LogValues logs({1});
  before.callbacks().train_batch_end(logs);
  return before.callbacks().save_state();
}

/// Goes on with the first epoch after its first batch.
void finish_epoch(Driver& run, const std::string& state) {
  run.resume(state, 0);
  run.begin();
  run.callbacks().epoch_resume(0, 1, 2);
  run.callbacks().train_batch_begin(1, 1);
  host::LogValues logs({1});
  run.callbacks().train_batch_end(logs);
  run.callbacks().epoch_end(logs, nullptr);
}

}  // namespace

TEST_CASE("Timer counts the time of earlier processes only if asked, and never as the length of an epoch",
          "[plugins]") {
  struct Case {
    bool across;
    int minutes;
    bool stops;
  };
  const Case table[] = {{true, 30, true}, {false, 30, false}, {true, 90, false}};
  for (const Case& row : table) {
    CAPTURE(row.across, row.minutes);
    const testing::Settings settings{{"duration", std::chrono::minutes(row.minutes)},
                                     {"across_resumes", row.across}};
    testing::Fit before(loaded("timer", "kairos.Timer"), settings);
    before.batch();
    testing::State state = before.state();
    // An hour of training, so that no slow machine decides the test.
    const std::size_t at = state.bytes.find("earlier");
    REQUIRE(at != std::string::npos);
    const double hour = 3600;
    std::memcpy(&state.bytes[at + std::strlen("earlier") + sizeof(std::uint64_t)], &hour, sizeof hour);
    testing::Fit after(loaded("timer", "kairos.Timer"), settings);
    after.restore(state);
    after.begin();
    // A host does not call on_epoch_begin again for the epoch that was interrupted.
    CHECK(after.instance().on_train_batch_end(kairos_batch_event{}).status == KAIROS_OK);
    CHECK(after.instance().on_epoch_end().status == KAIROS_OK);
    CHECK(after.host().stop_reason.has_value() == row.stops);
  }
}

TEST_CASE("Timer saves the time of an unfinished epoch", "[plugins]") {
  const std::string state = state_inside_an_epoch("Timer:duration=10h,across_resumes=true");
  Driver run({{"Timer:duration=29ms,across_resumes=true"}});
  finish_epoch(run, state);
  CHECK(run.stop_reason() == "the time limit of 0.03s has been reached");
}

TEST_CASE("Timer prints the time of the training if verbose", "[plugins]") {
  Driver run({{"Timer:duration=1h,verbose=1"}});
  run.fit({two_batches});
  REQUIRE(run.messages.size() == 1);
  CHECK_THAT(run.messages[0], Contains("the training took ") && Catch::Matchers::EndsWith("s"));
}

TEST_CASE("Timer rejects a limit that no run can keep", "[plugins]") {
  CHECK_THAT(refusal_of({{"Timer"}}), Contains("the option is required and not set"));
  CHECK_THAT(refusal_of({{"Timer:duration=0s"}}), Contains("duration is 0; expected a longer time"));
  CHECK_THAT(refusal_of({{"Timer:duration=soon"}}), Contains("duration"));
}

TEST_CASE("Throughput measures the batches after the first ones", "[plugins]") {
  Driver run({{"Throughput:skip=2"}});
  run.begin();
  run.epoch(two_batches);
  CHECK(run.value("epoch_seconds").value_or(-1) > 0);
  CHECK_FALSE(run.value("samples_per_second").has_value());
  run.epoch(two_batches);
  const double rate = run.value("samples_per_second").value_or(-1);
  CHECK(rate > 0);
  // Batches of one sample.
  CHECK(run.value("batch_seconds").value_or(-1) == Approx(1 / rate));
  CHECK(run.value("epoch_seconds").value_or(-1) > 2 / rate);
}

TEST_CASE("Throughput does not measure an epoch that began before the run was resumed", "[plugins]") {
  Driver run({{"Throughput:skip=0", "Timer:duration=1h"}});
  finish_epoch(run, state_inside_an_epoch("Timer:duration=1h"));
  CHECK_FALSE(run.value("epoch_seconds").has_value());
  CHECK(run.value("batch_seconds").has_value());
  run.callbacks().epoch_begin(1);
  host::LogValues logs({1});
  run.callbacks().epoch_end(logs, nullptr);
  CHECK(run.value("epoch_seconds").has_value());
}

TEST_CASE("LearningRateMonitor adds the rate and other hyper-parameters", "[plugins]") {
  Plan plan{{"LearningRateMonitor:hyper='momentum, beta_1'", "LearningRateScheduler:schedule=lr*0.5"}};
  plan.prepare = [](StubTarget& target) { target.hypers = {{"momentum", 0.5F}, {"beta_1", 0.25F}}; };
  Driver run(plan);
  run.fit(losses({1, 1}));
  CHECK(run.value("learning_rate") == 0.25);
  CHECK(run.value("momentum") == 0.5);
  CHECK(run.value("beta_1") == 0.25);
  CHECK_THAT(refusal_of({{"LearningRateMonitor:hyper=momentun"}}),
             Contains("the optimizer has no \"momentun\""));
  Plan none{{"LearningRateMonitor"}};
  none.has_optimizer = false;
  CHECK_THAT(refusal_of(none), Contains("the optimizer has no \"learning_rate\""));
}
