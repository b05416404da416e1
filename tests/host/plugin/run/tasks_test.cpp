// SPDX-License-Identifier: MIT
// kairos.tasks/1: order, limits, failures, and the end of a run with tasks that wait or do not end.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/desk.hpp"
#include "host/plugin/probe.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Clock = std::chrono::steady_clock;

namespace {

constexpr Desk::Kind plain{}, held{.held = true};
constexpr std::int32_t drop = KAIROS_TASK_WHEN_FULL_DROP;

/// No wait that the host limits takes as long, however busy the machine is.
constexpr Clock::duration endless = 20s;

}  // namespace

TEST_CASE("A post beyond the room is refused, or drops the oldest that waits", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    CHECK(desk.post(v, "running", held, 2) == KAIROS_OK);
    desk.wait_until_begun("running");
    CHECK(desk.post(v, "first", plain, 2) == KAIROS_OK);
    CHECK(desk.post(v, "second", plain, 2) == KAIROS_OK);
    CHECK(desk.post(v, "refused", plain, 2) == KAIROS_E_BUSY);
    CHECK(desk.post(v, "third", plain, 2, drop) == KAIROS_OK);
    CHECK(desk.outcomes() == std::map<std::string, std::int32_t>{{"first", KAIROS_TASK_DROPPED}});
    desk.release();
    CHECK(v.tasks().drain(v.host) == KAIROS_OK);
    return KAIROS_OK;
  });
  run.fit();
  CHECK(desk.outcomes() == std::map<std::string, std::int32_t>{{"running", KAIROS_TASK_RAN},
                                                               {"first", KAIROS_TASK_DROPPED},
                                                               {"second", KAIROS_TASK_RAN},
                                                               {"third", KAIROS_TASK_RAN}});
  CHECK(desk.told == desk.posted);
}

TEST_CASE("Without a number there is room for 64, and a task that must finish is not dropped",
          "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "running", held);
    desk.wait_until_begun("running");
    for (int i = 0; i < 64; ++i)
      CHECK(desk.post(v, std::to_string(i), plain, 0, 0, i == 0 ? KAIROS_TASK_MUST_FINISH : 0) == KAIROS_OK);
    CHECK(desk.post(v, "refused", plain) == KAIROS_E_BUSY);
    CHECK(desk.post(v, "last", plain, 0, drop) == KAIROS_OK);
    CHECK(desk.outcomes() == std::map<std::string, std::int32_t>{{"1", KAIROS_TASK_DROPPED}});
    CHECK(desk.post(v, "no room", plain, 1, drop) == KAIROS_OK);  // makes room for one, whatever its number
    desk.release();
    return KAIROS_OK;
  });
  run.fit();
  run.finish(RunEnd::Completed);
  CHECK(desk.outcomes()["0"] == KAIROS_TASK_RAN);
  CHECK(desk.told == desk.posted);
}

TEST_CASE("A post that cannot drop anything is refused", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "running", held);
    desk.wait_until_begun("running");
    CHECK(desk.post(v, "file", plain, 1, 0, KAIROS_TASK_MUST_FINISH) == KAIROS_OK);
    CHECK(desk.post(v, "plot", plain, 1, drop) == KAIROS_E_BUSY);
    desk.release();
    return KAIROS_OK;
  });
  run.fit();
}

TEST_CASE("A task that asks for what the host does not know is refused", "[host][plugin]") {
  TaskRun run([&](const Visit& v) {
    struct Larger {
      kairos_task task;
      std::uint64_t later;
    };
    const auto nothing = [](void*) -> kairos_status { return KAIROS_OK; };
    const auto post = [&](auto&& change) {
      Larger larger{};
      larger.task.size = sizeof larger;
      larger.task.work = nothing;
      change(larger);
      return v.tasks().post(v.host, &larger.task);
    };
    CHECK(post([](Larger&) {}) == KAIROS_OK);
    CHECK(post([](Larger& l) { l.later = 1; }) == KAIROS_E_UNSUPPORTED);
    CHECK(post([](Larger& l) { l.task.size = sizeof(kairos_task) - 1; }) == KAIROS_E_INVALID);
    CHECK(post([](Larger& l) { l.task.work = nullptr; }) == KAIROS_E_INVALID);
    for (const std::int32_t number : {-1, 2, 77}) {
      INFO(number);
      CHECK(post([&](Larger& l) { l.task.when_full = number; }) == KAIROS_E_UNSUPPORTED);
    }
    CHECK(post([](Larger& l) { l.task.flags = 1u << 1; }) == KAIROS_E_UNSUPPORTED);
    CHECK(post([](Larger& l) { l.task.flags = 1u << 15; }) == KAIROS_E_UNSUPPORTED);
    CHECK(post([](Larger& l) { l.task.flags = 1u << 16; }) == KAIROS_OK);  // may be ignored
    CHECK(v.tasks().post(v.host, nullptr) == KAIROS_E_INVALID);
    CHECK(v.tasks().post(nullptr, nullptr) == KAIROS_E_INVALID);
    return v.tasks().drain(v.host);
  });
  run.fit();
}

TEST_CASE("A task that fails or throws fails the next hook once, without waiting for other tasks",
          "[host][plugin]") {
  const auto [kind, words] = GENERATE(Catch::Generators::table<Desk::Kind, std::string>(
      {{Desk::Kind{.status = KAIROS_E_IO}, "a background task failed in epoch 1: input/output"},
       {Desk::Kind{.throws = true}, "a background task failed in epoch 1: exception"}}));
  Desk desk;
  TaskRun run([&, &kind = kind](const Visit& v) {
    desk.post(v, "bad", kind);
    desk.post(v, "slow", held);
    desk.wait_until_begun("slow");
    return KAIROS_OK;
  });
  const std::string error = error_of([&] { return run.fit(), 0; });
  CHECK_THAT(error, Contains(words) && Contains("Probe ("));
  desk.release();
  run.finish(RunEnd::Fault);
  CHECK(desk.outcomes()["bad"] == KAIROS_TASK_RAN);
}

TEST_CASE("drain returns the failure of a task, and the next hook does not fail again", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "bad", {.status = KAIROS_E_IO});
    CHECK(v.tasks().drain(v.host) == KAIROS_E_IO);
    CHECK(v.tasks().drain(v.host) == KAIROS_OK);
    return KAIROS_OK;
  });
  CHECK_NOTHROW(run.fit());
}

TEST_CASE("drain_for waits no longer than it may, and says whether tasks are left", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    CHECK(v.tasks().drain_for(v.host, 0) == KAIROS_OK);
    desk.post(v, "running", held);
    const Clock::time_point begin = Clock::now();
    CHECK(v.tasks().drain_for(v.host, -1) == KAIROS_E_BUSY);
    CHECK(v.tasks().drain_for(v.host, 30'000'000) == KAIROS_E_BUSY);
    CHECK(Clock::now() - begin >= 30ms);
    CHECK(Clock::now() - begin < endless);
    desk.release();
    CHECK(v.tasks().drain_for(v.host, 10'000'000'000) == KAIROS_OK);
    std::thread([&] {
      CHECK(v.tasks().drain_for(v.host, 0) == KAIROS_E_STATE);
      CHECK(v.tasks().drain(v.host) == KAIROS_E_STATE);
    }).join();
    return KAIROS_OK;
  });
  run.fit();
}

TEST_CASE("Tasks that may be dropped cost the training thread next to nothing", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "running", held);
    Clock::duration least = Clock::duration::max();  // of rounds, because other processes may be in the way
    for (int round = 0; round < 10; ++round) {
      const Clock::time_point begin = Clock::now();
      int refused = 0;
      for (int i = 0; i < 100; ++i)
        refused += desk.post(v, std::to_string(100 * round + i), plain, 8, drop) != KAIROS_OK;
      least = std::min(least, Clock::now() - begin);
      CHECK(refused == 0);
    }
    CHECK(least < 50ms);
    desk.release();
    return KAIROS_OK;
  });
  run.fit();
  run.finish(RunEnd::Completed);
  CHECK(desk.told == desk.posted);
}

TEST_CASE("A completed run waits for its tasks and says so", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "running", held);
    desk.post(v, "next", plain);
    return KAIROS_OK;
  });
  run.fit();
  std::jthread later([&] {
    std::this_thread::sleep_for(3s);  // the host waits for a second before it says so
    desk.release();
  });
  run.finish(RunEnd::Completed);
  CHECK(run.said("the run waits for its 2 background tasks"));
  CHECK(desk.outcomes() ==
        std::map<std::string, std::int32_t>{{"running", KAIROS_TASK_RAN}, {"next", KAIROS_TASK_RAN}});
}

TEST_CASE("A task that submits itself again keeps neither a run alive nor drain waiting", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "again", {.again = true});
    return v.tasks().drain(v.host);
  });
  const Clock::time_point begin = Clock::now();
  run.fit();
  run.finish(RunEnd::Completed);
  run.end();
  CHECK(Clock::now() - begin < endless);
  CHECK(run.destroyed);
}

TEST_CASE("An interrupt cancels what waits, and a task that asks returns", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "asking", {.asks = true});
    desk.wait_until_begun("asking");
    desk.post(v, "plot", plain);
    desk.post(v, "file", plain, 0, 0, KAIROS_TASK_MUST_FINISH);
    CHECK(v.tasks().ending(v.host) == 0);
    return KAIROS_OK;
  });
  run.in["on_interrupt"] = [&](const Visit& v) {
    CHECK(v.tasks().ending(v.host) == 1);
    CHECK(desk.post(v, "late plot", plain) == KAIROS_OK);
    CHECK(desk.post(v, "late file", plain, 0, 0, KAIROS_TASK_MUST_FINISH) == KAIROS_OK);
    return KAIROS_OK;
  };
  run.fit();
  run.run->callbacks->interrupt(2);
  run.finish(RunEnd::Interrupted);
  CHECK(desk.outcomes() == std::map<std::string, std::int32_t>{{"asking", KAIROS_TASK_RAN},
                                                               {"plot", KAIROS_TASK_CANCELLED},
                                                               {"file", KAIROS_TASK_RAN},
                                                               {"late plot", KAIROS_TASK_CANCELLED},
                                                               {"late file", KAIROS_TASK_RAN}});
  run.end();
  CHECK(run.destroyed);
}

TEST_CASE("An interrupt waits about a second for a task, whose instance stays", "[host][plugin]") {
  static Desk& desk = *new Desk;  // never freed: the abandoned task uses it
  TaskRun run([&](const Visit& v) {
    desk.post(v, "endless", held);
    desk.wait_until_begun("endless");
    desk.post(v, "plot", plain);
    return KAIROS_OK;
  });
  run.fit();
  const Clock::time_point begin = Clock::now();
  run.run->callbacks->interrupt(2);
  run.finish(RunEnd::Interrupted);
  run.end();
  const Clock::duration took = Clock::now() - begin;
  CHECK(took >= 900ms);
  CHECK(took < endless);
  CHECK_FALSE(run.destroyed);
  CHECK(
      run.said("its background task has not ended a second after the interrupt; it is abandoned, and the "
               "instance is not destroyed"));
  CHECK(desk.outcomes() == std::map<std::string, std::int32_t>{{"plot", KAIROS_TASK_CANCELLED}});
  desk.release();
  desk.wait_until_done("endless");
  std::this_thread::sleep_for(20ms);  // the thread leaves the queue
}

TEST_CASE("An interrupt waits for a task that must finish, and says so", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "file", held, 0, 0, KAIROS_TASK_MUST_FINISH);
    desk.wait_until_begun("file");
    return KAIROS_OK;
  });
  run.fit();
  run.run->callbacks->interrupt(2);
  std::jthread later([&] {
    std::this_thread::sleep_for(3s);  // the host waits for a second before it says so
    desk.release();
  });
  run.finish(RunEnd::Interrupted);
  CHECK(run.said("the run waits for its background task"));
  CHECK(desk.outcomes()["file"] == KAIROS_TASK_RAN);
  run.end();
  CHECK(run.destroyed);
}

TEST_CASE("A signal ends a drain inside of a hook", "[host][plugin]") {
  static Desk& desk = *new Desk;  // never freed: the abandoned task uses it
  std::atomic<int> signal = 0;
  ProbeScript script;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    desk.post(v, "endless", held);
    desk.wait_until_begun("endless");
    signal = 15;
    CHECK(v.tasks().ending(v.host) == 1);
    CHECK(v.tasks().drain(v.host) == KAIROS_E_BUSY);
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()}, {}, &signal);
  run.callbacks->setup({});
  const Clock::time_point begin = Clock::now();
  run.fit();
  run.callbacks->finish(RunEnd::Interrupted);
  run.callbacks.reset();
  CHECK(Clock::now() - begin < endless);
  desk.release();
  desk.wait_until_done("endless");
  std::this_thread::sleep_for(20ms);
}

TEST_CASE("A failed run cancels what waits, and waits for the task that runs", "[host][plugin]") {
  Desk desk;
  TaskRun run([&](const Visit& v) {
    desk.post(v, "running", {.asks = true});
    desk.wait_until_begun("running");
    desk.post(v, "plot", plain);
    return KAIROS_OK;
  });
  run.fit();
  run.run->callbacks->fault("", "", "the loop failed");
  run.finish(RunEnd::Fault);
  CHECK(desk.outcomes() ==
        std::map<std::string, std::int32_t>{{"running", KAIROS_TASK_RAN}, {"plot", KAIROS_TASK_CANCELLED}});
}

TEST_CASE("Tasks end before destroy, and none is accepted after teardown", "[host][plugin]") {
  Desk desk;
  const kairos_host* host = nullptr;
  const kairos_tasks* tasks = nullptr;
  TaskRun run([&](const Visit& v) {
    host = v.host;
    tasks = &v.tasks();
    return KAIROS_OK;
  });
  run.in["teardown"] = [&](const Visit& v) {
    CHECK(desk.post(v, "closing", plain) == KAIROS_OK);
    return KAIROS_OK;
  };
  run.in["destroy"] = [&](const Visit&) {
    CHECK(desk.outcomes()["closing"] == KAIROS_TASK_RAN);
    kairos_task task{};
    task.size = sizeof task;
    task.work = [](void*) -> kairos_status { return KAIROS_OK; };
    CHECK(tasks->post(host, &task) == KAIROS_E_STATE);
    CHECK(tasks->submit(host, task.work, nullptr) == KAIROS_E_STATE);
    CHECK(tasks->ending(host) == 1);
    run.destroyed = true;
    return KAIROS_OK;
  };
  run.fit();
  run.finish(RunEnd::Completed);
  run.end();
  CHECK(run.destroyed);
  CHECK(tasks->ending(host) == 1);
  CHECK(tasks->drain_for(host, 0) == KAIROS_E_STATE);
}
