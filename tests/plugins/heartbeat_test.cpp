// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Fit;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& heartbeat() {
  return loaded("heartbeat", "kairos.Heartbeat");
}

nlohmann::json beat_in(const TemporaryDirectory& dir) {
  return nlohmann::json::parse(content_of(dir / "new/beat.json"));
}

kairos::testing::Settings beats_every(const TemporaryDirectory& dir, std::chrono::nanoseconds time) {
  return {{"filename", (dir / "new/beat.json").string()}, {"every", time}};
}

}  // namespace

TEST_CASE("Heartbeat writes where the run is", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(heartbeat(), beats_every(dir, std::chrono::nanoseconds(0)));
  fit.begin();
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(std::abs(beat_in(dir)["time"].get<double>() - now) < 60);
  CHECK(beat_in(dir)["pid"] == ::getpid());
  CHECK(beat_in(dir)["run"] == "training");
  CHECK(beat_in(dir)["state"] == "begin");
  CHECK(beat_in(dir).count("step") == 0);  // a resumed run does not know it yet
  fit.begin_epoch();
  fit.batch();
  fit.batch();
  CHECK(beat_in(dir)["state"] == "batch");
  CHECK(beat_in(dir)["epoch"] == 0);
  CHECK(beat_in(dir)["batch"] == 1);
  CHECK(beat_in(dir)["step"] == 2);
  fit.test();
  CHECK(beat_in(dir)["state"] == "test_batch");
  fit.end_epoch();
  CHECK(beat_in(dir)["state"] == "epoch_end");
  CHECK(beat_in(dir).count("batch") == 0);
  fit.batch();
  CHECK(beat_in(dir)["epoch"] == 1);
}

TEST_CASE("Heartbeat writes at most once in its time, and always the end", "[plugins]") {
  struct Case {
    const char* end;
    std::string reason;
    const char* why;
  };
  const Case table[] = {{"completed", "", "all epochs"},
                        {"stopped", "enough", "a stop"},
                        {"interrupted", "interrupted", "a signal; tasks that need not finish are cancelled"},
                        {"fault", "the \"disk\" is full", "an error"}};
  for (const Case& row : table) {
    CAPTURE(row.end, row.why);
    const TemporaryDirectory dir;
    Fit fit(heartbeat(), beats_every(dir, std::chrono::hours(1)));
    for (int i = 0; i < 3; ++i) fit.epoch();
    CHECK(beat_in(dir)["state"] == "begin");
    if (row.end == std::string("fault")) {
      fit.fault(row.reason);
    } else {
      if (row.end == std::string("stopped")) fit.host().stop_reason = row.reason;
      if (row.end == std::string("interrupted")) fit.interrupt(SIGINT);
      fit.end();
    }
    CHECK(beat_in(dir)["state"] == row.end);
    CHECK(beat_in(dir).value("reason", "") == row.reason);
  }
}

TEST_CASE("Heartbeat knows at the end where the run was, also between two writes", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(heartbeat(), beats_every(dir, std::chrono::hours(1)));
  fit.run_event().steps_per_epoch = 5;
  fit.epoch();
  fit.begin_epoch();
  fit.batch();
  fit.batch();
  fit.interrupt(SIGINT);
  fit.end();
  CHECK(beat_in(dir)["state"] == "interrupted");
  CHECK(beat_in(dir)["epoch"] == 1);
  CHECK(beat_in(dir)["step"] == 3);
}

TEST_CASE("Heartbeat writes again when its time is over", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(heartbeat(), beats_every(dir, std::chrono::milliseconds(30)));
  fit.begin();
  fit.begin_epoch();
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  fit.batch();
  CHECK(beat_in(dir)["state"] == "batch");
}

TEST_CASE("Heartbeat of an evaluation and of a prediction ends with them", "[plugins]") {
  for (const bool evaluates : {true, false}) {
    const TemporaryDirectory dir;
    kairos::testing::Host host;
    kairos::testing::Instance instance(host, heartbeat(), beats_every(dir, std::chrono::hours(1)));
    CHECK(instance.create().status == KAIROS_OK);
    kairos_run_event run{};
    run.mode = evaluates ? KAIROS_MODE_EVALUATE : KAIROS_MODE_PREDICT;
    CHECK(instance.setup(run).status == KAIROS_OK);
    kairos_batch_event batch{};
    batch.epoch = -1;
    batch.batch = 2;
    CHECK((evaluates ? instance.on_test_batch_end(batch) : instance.on_predict_batch_end(batch)).status ==
          KAIROS_OK);
    CHECK(beat_in(dir)["run"] == (evaluates ? "evaluation" : "prediction"));
    CHECK(beat_in(dir)["batch"] == 2);
    CHECK(beat_in(dir).count("epoch") == 0);
    kairos_interrupt_event interrupt{};
    interrupt.signal = SIGINT;
    CHECK(instance.on_interrupt(interrupt).status == KAIROS_OK);
    CHECK(beat_in(dir)["state"] == "interrupted");
    CHECK((evaluates ? instance.on_test_end() : instance.on_predict_end()).status == KAIROS_OK);
    CHECK(beat_in(dir)["state"] == "completed");
  }
}

TEST_CASE("Heartbeat says why it cannot write", "[plugins]") {
  const TemporaryDirectory dir;
  Fit directory(heartbeat(), {{"filename", dir.path().string()}});
  CHECK_THROWS_WITH(directory.setup(), Contains("is a directory. Name a file in it"));
  Fit late(heartbeat(), beats_every(dir, std::chrono::nanoseconds(0)));
  late.setup();
  std::ofstream(dir / "new") << "x";
  late.begin();
  CHECK_THROWS_WITH(late.begin_epoch(), Contains("a task of the callback failed"));
  REQUIRE(late.host().lines.size() == 1);
  CHECK_THAT(late.host().lines[0].text,
             Contains("cannot write") && Contains("Free the path or choose another"));
}
