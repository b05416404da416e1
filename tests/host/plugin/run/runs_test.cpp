// SPDX-License-Identifier: MIT
// kairos.run/1: who may ask for what and when, and what instances are told.
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/error.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

struct Answer {
  kairos_status status;
  std::string reason;
};

/// What the host answers in one hook of a fit. `before` prepares the loop.
Answer answer_in(const char* hook, const ProbeScript::Work& ask,
                 const std::function<void(ProbeRun&)>& before = {}, const std::string& callback = "Probe",
                 bool keeps_runs = true, const fs::path& directory = {}) {
  ProbeScript script;
  Answer answer{-1, "not asked"};
  script.in[hook] = [&](const Visit& visit) {
    answer.status = ask(visit);
    answer.reason = visit.reason();
    return KAIROS_OK;
  };
  ProbeRun run({script.spec(callback)}, directory, nullptr, keeps_runs);
  if (before) before(run);
  run.callbacks->setup({});
  run.fit();
  return answer;
}

void check(const Answer& answer, kairos_status status, const std::string& reason) {
  CHECK(answer.status == status);
  CHECK(answer.reason == reason);
}

ProbeScript::Work save_to(std::string directory, std::uint32_t keep = 1) {
  return [directory = std::move(directory), keep](const Visit& v) {
    return v.run().checkpoint(v.call, text(directory), keep);
  };
}
ProbeScript::Work resume(std::string directory) {
  return [directory = std::move(directory)](const Visit& v) {
    return v.run().resume_from(v.call, text(directory));
  };
}
kairos_status ask_position(const Visit& v) {
  kairos_position out{};
  out.size = sizeof out;
  return v.run().position(v.call, &out);
}

Error file_error(const char* code) {
  return {ErrorKind::File, {code, "/backup", "it is unusable", "", "", "Do something"}};
}

}  // namespace

TEST_CASE("A request about runs that cannot be met says why", "[host][plugin]") {
  check(answer_in("on_epoch_end", save_to("/backup"), {}, "ModestProbe"), KAIROS_E_DENIED,
        "the callback has not declared the capability save_run");
  check(answer_in("setup", resume("/backup"), {}, "ModestProbe"), KAIROS_E_DENIED,
        "the callback has not declared the capability save_run");
  check(
      answer_in("on_epoch_end", save_to("/backup"), {}, "Probe", false), KAIROS_E_UNSUPPORTED,
      "the training loop keeps no run checkpoints; train with kairos fit or kairos::host::fit, or implement "
      "RunControl for the loop");
  check(answer_in("on_epoch_end", save_to("/backup", 3)), KAIROS_E_RANGE,
        "the number of run checkpoints that are kept is 3; expected 1 or 2");
  check(answer_in("on_epoch_end", save_to("")), KAIROS_E_INVALID, "a path is empty");
  check(answer_in("on_test_end", save_to("/backup")), KAIROS_E_STATE,
        "run checkpoints are asked for in on_train_batch_end, on_epoch_end and on_train_end, not in "
        "on_test_end");
  check(answer_in("on_epoch_end", save_to("/backup"),
                  [](ProbeRun& run) { run.runs.fault = file_error("KAIROS-F063"); }),
        KAIROS_E_IO, "KAIROS-F063: /backup: it is unusable. Do something.");
  check(answer_in("on_train_begin", resume("/backup")), KAIROS_E_STATE,
        "a run is resumed in setup, not in on_train_begin");
  check(answer_in("setup", resume("/backup")), KAIROS_E_NOT_FOUND, "\"/backup\" has no run checkpoint");
  for (const auto& [code, status] : {std::pair("KAIROS-F090", KAIROS_E_DATA),
                                     {"KAIROS-F091", KAIROS_E_DATA},
                                     {"KAIROS-F063", KAIROS_E_IO}})
    check(answer_in("setup", resume("/backup"),
                    [code = code](ProbeRun& run) { run.runs.fault = file_error(code); }),
          status, std::string(code) + ": /backup: it is unusable. Do something.");
  check(answer_in("on_train_end", ask_position, [](ProbeRun& run) { run.runs.now.reset(); }), KAIROS_E_STATE,
        "a training has a position from on_train_begin to on_train_end, not in on_train_end");
}

TEST_CASE("An evaluation and a prediction have no run checkpoints", "[host][plugin]") {
  ProbeScript script;
  Answer answer{};
  script.in["setup"] = [&](const Visit& visit) {
    answer.status = visit.run().resume_from(visit.call, text("/backup"));
    answer.reason = visit.reason();
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()}, {}, nullptr, false);
  RunInfo info;
  info.mode = GENERATE(RunMode::Evaluate, RunMode::Predict);
  run.callbacks->setup(info);
  check(answer, KAIROS_E_UNSUPPORTED, "only a fit has run checkpoints");
}

TEST_CASE("The position is that of the loop, with the steps of the model", "[host][plugin]") {
  kairos_position position{};
  position.size = sizeof position;
  answer_in(
      "on_test_begin", [&](const Visit& v) { return v.run().position(v.call, &position); },
      [](ProbeRun& run) { run.target.steps = 17; });
  CHECK(position.size == sizeof position);
  CHECK(position.epoch == 2);
  CHECK(position.batch == 5);
  CHECK(position.pass == 1);
  CHECK(position.step == 17);
}

TEST_CASE("A directory of run checkpoints is resolved, and is not the run directory", "[host][plugin]") {
  const TemporaryDirectory temporary;
  const fs::path real = fs::canonical(temporary.path()), run_directory = real / "run";
  fs::create_directory(run_directory);
  fs::create_directory_symlink(run_directory, real / "link");
  std::map<fs::path, std::uint32_t> wanted;
  const auto wanted_for = [&](const std::string& directory) {
    ProbeScript script;
    Answer answer{};
    script.in["on_train_batch_end"] = [&](const Visit& visit) {
      answer.status = visit.run().checkpoint(visit.call, text(directory), 2);
      answer.reason = visit.reason();
      return KAIROS_OK;
    };
    ProbeRun run({script.spec()}, run_directory);
    run.callbacks->setup({});
    run.fit();
    wanted = run.runs.wanted;
    return answer;
  };
  for (const std::string name : {"backup", "./backup/", "new/../backup"}) {
    INFO(name);
    CHECK(wanted_for(name).status == KAIROS_OK);
    CHECK(wanted == std::map<fs::path, std::uint32_t>{{run_directory / "backup", 2}});
  }
  for (const std::string& name : {std::string("."), run_directory.string() + "/", (real / "link").string()}) {
    INFO(name);
    check(
        wanted_for(name), KAIROS_E_DENIED,
        "\"" + run_directory.string() +
            "\" is the run directory, whose run checkpoints are the program's. Name another directory, such "
            "as one in it");
    CHECK(wanted.empty());
  }
}

TEST_CASE("A run that a callback resumes is told to all instances after the setups", "[host][plugin]") {
  std::map<std::string, std::pair<int, std::int64_t>> told;
  ProbeScript script;
  script.in["setup"] = script.in["on_train_begin"] = [&](const Visit& visit) {
    const auto& event = *static_cast<const kairos_run_event*>(visit.event);
    told[visit.hook] = {event.run_resumed, event.initial_epoch};
    return visit.hook == "setup" ? visit.run().resume_from(visit.call, text("/backup"))
                                 : kairos_status{KAIROS_OK};
  };
  ProbeRun run({script.spec()});
  run.runs.epochs["/backup"] = 7;
  SECTION("from what the callback names") {
    run.callbacks->setup({});
    run.fit();
    CHECK(told["setup"] == std::pair<int, std::int64_t>(0, 0));
    CHECK(told["on_train_begin"] == std::pair<int, std::int64_t>(1, 7));
  }
  SECTION("unless the user has named something else") {
    run.runs.elsewhere = true;
    run.callbacks->setup({});
    run.fit();
    CHECK(run.runs.reads == 0);
    CHECK(told["on_train_begin"] == std::pair<int, std::int64_t>(0, 0));
  }
}

TEST_CASE("One callback says what the run goes on from", "[host][plugin]") {
  std::vector<Answer> answers;
  std::vector<std::string> directories;
  ProbeScript script;
  script.in["setup"] = [&](const Visit& visit) {
    const kairos_status status = visit.run().resume_from(visit.call, text(directories.at(answers.size())));
    answers.push_back({status, visit.reason()});
    return KAIROS_OK;
  };
  const auto setups_of = [&](std::vector<std::string> each) {
    answers.clear();
    directories = std::move(each);
    ProbeRun run({script.spec("Probe@first"), script.spec("Probe@second")});
    run.runs.epochs = {{"/a", 1}, {"/b", 2}};
    run.callbacks->setup({});
    return run.runs.reads;
  };
  CHECK(setups_of({"/a", "/b"}) == 1);
  check(answers.at(0), KAIROS_OK, "");
  check(answers.at(1), KAIROS_E_STATE,
        "first resumes the run from \"/a\" already; let one callback resume it");
  CHECK(setups_of({"/a", "/a"}) == 1);
  check(answers.at(1), KAIROS_OK, "");
  CHECK(setups_of({"/none", "/b"}) == 2);
  check(answers.at(1), KAIROS_OK, "");
}

TEST_CASE("A complete run checkpoint is told to every instance, also to the one that asked",
          "[host][plugin]") {
  std::vector<std::string> told;
  ProbeScript asks, listens;
  const auto note = [&](const char* who) {
    return [&told, who](const Visit& visit) {
      const auto& event = *static_cast<const kairos_checkpoint_event*>(visit.event);
      told.push_back(std::string(who) + " " + std::to_string(event.content) + " " +
                     std::string(event.path.ptr, event.path.length) + " " +
                     std::string(event.saved_by.ptr, event.saved_by.length) +
                     std::string(event.label.ptr, event.label.length));
      return KAIROS_OK;
    };
  };
  asks.in["on_epoch_end"] = save_to("/backup");
  asks.in["on_checkpoint_saved"] = note("asker");
  ProbeRun run({asks.spec("Probe@mine")});
  run.callbacks->setup({});
  run.fit();
  CHECK(run.callbacks->may_save_runs());
  run.callbacks->run_saved("/backup");
  CHECK(told == std::vector<std::string>{"asker 2 /backup mine"});
  CHECK(run.callbacks->saved_files().empty());

  ProbeRun other({listens.spec("ModestProbe")});
  CHECK_FALSE(other.callbacks->may_save_runs());
}

TEST_CASE("A run checkpoint that cannot be written is a failure of the instance that asked",
          "[host][plugin]") {
  ProbeScript script;
  script.in["on_epoch_end"] = save_to("/backup");
  SECTION("which ends the run") {
    ProbeRun run({script.spec()});
    run.callbacks->setup({});
    run.fit();
    CHECK_THAT(error_of([&] { return run.callbacks->run_not_saved("/backup", "the disk is full"), 0; }),
               Contains("Probe") && Contains("writing a run checkpoint failed: the disk is full"));
  }
  SECTION("or is a warning") {
    std::string spec = script.spec();
    spec.replace(spec.find("fatal"), 5, "warn");
    ProbeRun run({spec});
    run.callbacks->setup({});
    run.fit();
    run.callbacks->run_not_saved("/backup", "the disk is full");
    CHECK_THAT(run.messages.back().text, Contains("writing a run checkpoint failed: the disk is full"));
  }
}
