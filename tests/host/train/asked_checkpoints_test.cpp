// SPDX-License-Identifier: MIT
// Run checkpoints that callbacks ask for in a fit, and fits that go on from them.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

Dataset table(std::int64_t rows) {
  Dataset data;
  NamedArray x{"", {{rows, 3}, {}}}, y{"", {{rows}, {}}};
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t f = 0; f < 3; ++f) x.array.values.push_back(std::sin(static_cast<float>(7 * i + f)));
    y.array.values.push_back(static_cast<float>(i % 3));
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "table";
  return data;
}

std::unique_ptr<Model> model_of(const std::string& layers = "dense(6,tanh) dropout(0.4) dense(3,softmax)") {
  CompileOptions options;
  options.optimizer = "adam(use_ema=true,ema_overwrite_frequency=5)";
  options.loss = "sparse_categorical_crossentropy";
  options.metrics = {"accuracy", "auc"};
  options.seed = 5;
  return compile({{}, layers, {3}}, options);
}

/// A fit of 3 epochs of 6 batches, with validation, and a probe. The directory of the checkpoints is
/// `backup`.
struct Trial {
  Trial() {
    options.epochs = 3;
    options.batch_size = 4;
    options.validation_split = 0.25;
    options.seed = 11;
    options.catalog = &catalog;
    options.messages = [this](Level, std::string_view, std::string_view text) {
      messages.emplace_back(text);
    };
  }

  /// Everything that must be equal afterwards.
  std::string run() { return run(*model_of()); }
  std::string run(Model& model) {
    options.plugins = {parse_plugin_spec(script.spec())};
    const History history = fit(model, data, options);
    return history.json() + model.training_state();
  }
  std::string error() {
    return error_of([&] { return run(); });
  }
  /// In setup, the run goes on from `backup`.
  void resume() {
    script.in["setup"] = [this](const Visit& visit) {
      return visit.run().resume_from(visit.call, text(backup));
    };
  }
  /// Asks for a checkpoint at the end of a batch, of an epoch or of the training, counted from 0.
  void ask_at(int moment, std::uint32_t keep = 1) {
    moments = 0;
    for (const char* hook : {"on_train_batch_end", "on_epoch_end", "on_train_end"})
      script.in[hook] = [this, moment, keep](const Visit& visit) {
        return moments++ == moment ? visit.run().checkpoint(visit.call, text(backup), keep)
                                   : kairos_status{KAIROS_OK};
      };
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(fs::path(backup) / "run_checkpoint"))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryDirectory directory;
  std::string backup = (directory / "new" / "backup").string();
  Catalog catalog = Catalog::scan(std::vector<fs::path>{KAIROS_DISPATCH_PLUGINS});
  Dataset data = table(30);
  FitOptions options;
  ProbeScript script;
  std::vector<std::string> messages;
  int moments = 0;
};

constexpr int moments_of_trial = 3 * (6 + 1) + 1;

}  // namespace

TEST_CASE("A fit goes on from what a callback saved at any moment, to the same bits", "[host][train]") {
  const std::string expected = Trial().run();
  for (int moment = 0; moment < moments_of_trial - 1; ++moment) {
    INFO(moment);
    Trial trial;
    trial.ask_at(moment);
    CHECK((trial.run() == expected));
    CHECK(trial.moments == moments_of_trial);
    CHECK(trial.files().size() == 2);
    trial.resume();
    trial.ask_at(-1);
    CHECK((trial.run() == expected));
    CHECK(trial.moments < moments_of_trial);
    REQUIRE(trial.messages.size() == 1);
    CHECK_THAT(trial.messages.front(),
               Contains("going on with the run in ") && Contains("/new/backup, after "));
  }
}

TEST_CASE("What is saved in on_train_end goes on with more epochs", "[host][train]") {
  Trial longer;
  longer.options.epochs = 5;
  const std::string expected = longer.run();
  Trial trial;
  trial.ask_at(moments_of_trial - 1);
  trial.run();
  CHECK(trial.moments == moments_of_trial);
  trial.resume();
  trial.options.epochs = 5;
  CHECK((trial.run() == expected));
}

TEST_CASE("A signal in a validation leaves a run that repeats it", "[host][train]") {
  const std::string expected = Trial().run();
  Trial trial;
  std::atomic<int> signal = 0;
  trial.options.interrupted = &signal;
  trial.ask_at(2 * (6 + 1) + 6);  // in on_train_end, which follows the batches of the last epoch
  int tests = 0;
  trial.script.in["on_test_begin"] = [&](const Visit&) {
    if (++tests == 3) signal = SIGTERM;
    return KAIROS_OK;
  };
  trial.run();
  CHECK(trial.moments == 2 * (6 + 1) + 6 + 1);
  signal = 0;
  trial.resume();
  trial.ask_at(-1);
  CHECK((trial.run() == expected));
}

TEST_CASE("The example of sdk/doc/cpp.md saves a run that goes on after a signal", "[host][train]") {
  const std::string expected = Trial().run();
  Trial trial;
  const auto run = [&] {
    const auto model = model_of();
    trial.options.plugins = {parse_plugin_spec("SafeRun:directory=" + trial.backup)};
    const History history = fit(*model, trial.data, trial.options);
    return history.json() + model->training_state();
  };
  std::atomic<int> signal = 0;
  trial.options.interrupted = &signal;
  trial.options.epoch_recorded = [&](const History&) { signal = SIGTERM; };
  run();
  CHECK(trial.messages.back() == "the run is saved in " + fs::canonical(trial.backup).string());
  signal = 0;
  trial.options.epoch_recorded = {};
  CHECK((run() == expected));
  CHECK(std::ranges::count(trial.messages, "an earlier run goes on") == 1);
}

TEST_CASE("The position is that of the batch to be trained next", "[host][train]") {
  Trial trial;
  std::vector<std::string> positions;
  const auto note = [&](const Visit& visit) {
    kairos_position now{};
    now.size = sizeof now;
    const kairos_status status = visit.run().position(visit.call, &now);
    positions.push_back(visit.hook + " " + std::to_string(now.epoch) + "/" + std::to_string(now.batch) + "/" +
                        std::to_string(now.step) + "/" + std::to_string(now.pass));
    return status;
  };
  trial.options.epochs = 1;
  trial.options.steps_per_epoch = 2;
  for (const char* hook : {"on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
                           "on_test_begin", "on_epoch_end", "on_train_end"})
    trial.script.in[hook] = note;
  trial.run();
  CHECK(positions == std::vector<std::string>{"on_train_begin 0/0/0/-1", "on_epoch_begin 0/0/0/0",
                                              "on_train_batch_begin 0/0/0/0", "on_train_batch_end 0/1/1/0",
                                              "on_train_batch_begin 0/1/1/0", "on_train_batch_end 1/0/2/0",
                                              "on_test_begin 1/0/2/0", "on_epoch_end 1/0/2/0",
                                              "on_train_end 1/0/2/0"});
}

TEST_CASE("One or two run checkpoints stay, and are complete before teardown", "[host][train]") {
  const auto keep = GENERATE(1u, 2u);
  Trial trial;
  std::vector<std::string> at_teardown;
  int told = 0;
  trial.script.in["on_epoch_end"] = [&](const Visit& visit) {
    return visit.run().checkpoint(visit.call, text(trial.backup), keep);
  };
  trial.script.in["on_checkpoint_saved"] = [&](const Visit&) { return ++told, KAIROS_OK; };
  trial.script.in["teardown"] = [&](const Visit&) { return at_teardown = trial.files(), KAIROS_OK; };
  trial.run();
  std::vector<std::string> expected{"epoch-3-batch-18.checkpoint", "history"};
  if (keep == 2) expected.insert(expected.begin(), "epoch-2-batch-12.checkpoint");
  CHECK(at_teardown == expected);
  CHECK(told == 3);
}

TEST_CASE("A run that fails leaves its last run checkpoint complete before teardown", "[host][train]") {
  Trial trial;
  std::vector<std::string> at_teardown;
  trial.ask_at(8);
  trial.script.in["on_test_end"] = [&](const Visit& visit) {
    return trial.moments > 9 ? visit.host->fail(visit.call, KAIROS_E_IO, text("as the test wanted"))
                             : KAIROS_OK;
  };
  trial.script.in["teardown"] = [&](const Visit&) { return at_teardown = trial.files(), KAIROS_OK; };
  CHECK_THAT(trial.error(), Contains("as the test wanted"));
  CHECK(at_teardown == std::vector<std::string>{"epoch-1-batch-8.checkpoint", "history"});
}

TEST_CASE("A run with other data, another model or fewer epochs does not go on", "[host][train]") {
  Trial trial;
  trial.ask_at(9);
  trial.run();
  trial.resume();
  trial.ask_at(-1);
  const std::string where = "the run in " + fs::canonical(trial.backup).string();
  SECTION("data") {
    trial.data.inputs[0].array.values[0] += 1;
    CHECK_THAT(trial.error(),
               Contains("KAIROS-U090: the data: " + where + " cannot go on with another value; found"));
  }
  SECTION("seed") {
    trial.options.seed = 12;
    CHECK_THAT(trial.error(), Contains("KAIROS-U090: `seed`: " + where +
                                       " cannot go on with another value; found 12, expected 11"));
  }
  SECTION("model") {
    CHECK_THAT(error_of([&] { return trial.run(*model_of("dense(3,softmax)")); }),
               Contains("KAIROS-U090: the model: " + where + " cannot go on"));
  }
  SECTION("epochs") {
    trial.options.epochs = 1;
    CHECK_THAT(trial.error(), Contains("KAIROS-U090: `epochs`: " + where +
                                       " is further already; found 1, expected more, after epoch 2, batch 3. "
                                       "Give a larger number, or remove this directory."));
  }
  CHECK(trial.moments == 0);
}

TEST_CASE("What the caller of fit goes on from wins", "[host][train]") {
  const std::string expected = Trial().run();
  Trial trial;
  trial.ask_at(9);
  trial.run();
  const auto later = RunCheckpoints(trial.backup, {}, {}).load();
  REQUIRE(later);
  Trial other;
  other.ask_at(3);
  other.run();
  other.resume();
  other.ask_at(-1);
  other.options.resume_from = &later->resumption;
  CHECK((other.run() == expected));
  CHECK(other.moments == moments_of_trial - 10);
  CHECK(other.messages.empty());
}

TEST_CASE("A damaged run checkpoint is passed over for the one before it, if two are kept", "[host][train]") {
  const std::string expected = Trial().run();
  const auto keep = GENERATE(1u, 2u);
  Trial trial;
  trial.script.in["on_epoch_end"] = [&](const Visit& visit) {
    return visit.run().checkpoint(visit.call, text(trial.backup), keep);
  };
  trial.run();
  std::ofstream(fs::path(trial.backup) / "run_checkpoint" / "epoch-3-batch-18.checkpoint") << "damaged";
  trial.resume();
  if (keep == 1) {
    CHECK_THAT(trial.error(), Contains("setup failed") && Contains("KAIROS-F090"));
    return;
  }
  CHECK((trial.run() == expected));
  CHECK_THAT(trial.messages.front(), Contains("The one before it is tried"));
}

TEST_CASE("A directory in which another run writes is refused", "[host][train]") {
  Trial trial;
  fs::create_directories(fs::path(trial.backup) / "run_checkpoint");
  const int other = ::open(trial.backup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::flock(other, LOCK_EX | LOCK_NB) == 0);
  if (GENERATE(true, false))
    trial.resume();
  else
    trial.ask_at(0);
  CHECK_THAT(trial.error(), Contains("KAIROS-F063") &&
                                Contains("another run writes its run checkpoints to this directory") &&
                                Contains("Wait for it to end, or choose another directory"));
  ::close(other);
}

TEST_CASE("A run checkpoint that cannot be written fails the callback that asked", "[host][train]") {
  Trial trial;
  trial.ask_at(0);
  SECTION("at once if there can be no such directory") {
    fs::create_directories(fs::path(trial.backup).parent_path());
    std::ofstream(trial.backup) << "in the way";
    CHECK_THAT(trial.error(), Contains("on_train_batch_end failed in epoch 1: KAIROS-F095") &&
                                  Contains("run checkpoints cannot be written to this directory"));
  }
  SECTION("when the file has failed") {
    fs::create_directories(trial.backup);
    std::ofstream(fs::path(trial.backup) / "run_checkpoint") << "in the way";
    CHECK_THAT(trial.error(), Contains("writing a run checkpoint failed") && Contains("KAIROS-F095"));
  }
}
