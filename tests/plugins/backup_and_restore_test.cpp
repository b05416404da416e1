// SPDX-License-Identifier: MIT
// BackupAndRestore in whole trainings: when it saves, what the next run does, and what remains at the end.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"
#include "plugins/driver.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

Dataset table() {
  Dataset data;
  NamedArray x{"", {{24, 2}, {}}}, y{"", {{24, 1}, {}}};
  for (int i = 0; i < 24; ++i) {
    x.array.values.push_back(std::sin(static_cast<float>(i)));
    x.array.values.push_back(std::cos(static_cast<float>(3 * i)));
    y.array.values.push_back(std::sin(static_cast<float>(2 * i)));
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "table";
  return data;
}

std::unique_ptr<Model> model_of(const std::string& optimizer) {
  CompileOptions options;
  options.optimizer = optimizer;
  options.loss = "mse";
  options.seed = 4;
  return compile({{}, "dense(4,tanh) dropout(0.3) dense(1)", {2}}, options);
}

/// The same command again and again, in one directory: 4 epochs of 6 batches.
struct Command {
  explicit Command(const std::string& settings = "",
                   const std::vector<std::string>& others = {"EarlyStopping:monitor=loss,patience=50"}) {
    for (const std::string& other : others) options.plugins.push_back(parse_plugin_spec(other));
    options.plugins.push_back(
        parse_plugin_spec("BackupAndRestore:backup_dir=" + (directory / "backup").string() + settings));
    options.catalog = &catalog;
    options.epochs = 4;
    options.batch_size = 4;
    options.messages = [this](Level, std::string_view, std::string_view text) {
      messages.emplace_back(text);
    };
  }

  std::string run() {
    const auto model = model_of(optimizer);
    history = fit(*model, data, options);
    return history.json() + model->training_state();
  }
  /// Ends with an error after so many epochs of this process.
  void crash_after(int epochs) {
    options.epoch_recorded = [left = epochs](const History&) mutable {
      if (--left == 0) throw std::runtime_error("the machine has crashed");
    };
    CHECK_THROWS(run());
    options.epoch_recorded = {};
  }
  [[nodiscard]] bool has_backup() const { return fs::exists(directory / "backup"); }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory / "backup" / "run_checkpoint"))
      if (entry.path().extension() == ".checkpoint") names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryDirectory directory;
  Catalog catalog = Catalog::scan(std::vector<fs::path>{KAIROS_TEST_PLUGINS});
  Dataset data = table();
  std::string optimizer = "adam(learning_rate=0.02)";
  FitOptions options;
  History history;
  std::vector<std::string> messages;
};

}  // namespace

TEST_CASE("BackupAndRestore goes on where the run was ended, to the same bits", "[plugins]") {
  const std::string settings = GENERATE("", ",save_freq=epoch,double_checkpoint=true", ",save_freq=5",
                                        ",save_freq=1", ",save_freq=0.000001s");
  CAPTURE(settings);
  const std::string expected = Command(settings).run();
  Command command(settings);
  command.crash_after(2);
  CHECK(command.has_backup());
  command.crash_after(1);
  CHECK(command.messages.size() == 1);
  CHECK((command.run() == expected));
  CHECK_THAT(command.messages.back(), Contains("going on with the run in "));
  CHECK_FALSE(command.has_backup());
}

TEST_CASE("BackupAndRestore saves after as many batches as save_freq says, across epochs and runs",
          "[plugins]") {
  Command command(",save_freq=4,double_checkpoint=true,delete_checkpoint=false");
  command.options.epochs = 1;
  command.run();
  CHECK(command.files() == std::vector<std::string>{"epoch-0-batch-4.checkpoint"});
  command.options.epochs = 3;
  command.run();
  CHECK(command.files() ==
        std::vector<std::string>{"epoch-1-batch-12.checkpoint", "epoch-2-batch-16.checkpoint"});
}

TEST_CASE("BackupAndRestore keeps one backup, or two with double_checkpoint", "[plugins]") {
  Command one, two(",double_checkpoint=true");
  one.crash_after(4);
  two.crash_after(4);
  CHECK(one.files() == std::vector<std::string>{"epoch-3-batch-18.checkpoint"});
  CHECK(two.files() ==
        std::vector<std::string>{"epoch-2-batch-12.checkpoint", "epoch-3-batch-18.checkpoint"});
}

TEST_CASE("BackupAndRestore saves when a signal ends the run, and keeps the backup", "[plugins]") {
  const std::string expected = Command().run();
  Command command;
  std::atomic<int> signal = 0;
  command.options.interrupted = &signal;
  command.options.epoch_recorded = [&](const History&) { signal = SIGTERM; };
  command.run();
  CHECK(command.history.end == RunEnd::Interrupted);
  CHECK(command.has_backup());
  signal = 0;
  command.options.epoch_recorded = {};
  CHECK((command.run() == expected));
  CHECK_FALSE(command.has_backup());
}

TEST_CASE("BackupAndRestore removes its backup after a run that has ended, and nothing else", "[plugins]") {
  SECTION("with other files in the directory") {
    Command command;
    fs::create_directory(command.directory / "backup");
    std::ofstream(command.directory / "backup" / "mine.txt") << "mine";
    command.run();
    CHECK_FALSE(fs::exists(command.directory / "backup" / "run_checkpoint"));
    CHECK(fs::exists(command.directory / "backup" / "mine.txt"));
  }
  SECTION("after a stop") {
    Command command("", {"EarlyStopping:monitor=loss,patience=0,mode=max"});
    command.run();
    CHECK(command.history.end == RunEnd::Stopped);
    CHECK_FALSE(command.has_backup());
  }
  SECTION("not with delete_checkpoint=false; the same command then trains nothing") {
    Command command(",delete_checkpoint=false");
    const std::string first = command.run();
    CHECK(command.has_backup());
    CHECK((command.run() == first));
    CHECK_THAT(command.messages.back(), Contains("after the end of epoch 4"));
  }
}

TEST_CASE("BackupAndRestore keeps its backup if the results cannot be written", "[plugins]") {
  Command command;
  FitProgress progress;
  command.options.progress = &progress;
  command.options.after_training = [] { throw std::runtime_error("the disk is full"); };
  CHECK_THROWS(command.run());
  CHECK(progress.run_saved_in == fs::canonical(command.directory / "backup"));
  CHECK(command.files() == std::vector<std::string>{"epoch-4-batch-24.checkpoint"});
}

TEST_CASE("BackupAndRestore keeps the backup from before weights became NaN", "[plugins]") {
  Command command("", {"TerminateOnNaN"});
  command.optimizer = "sgd(learning_rate=PiecewiseConstantDecay([7],[0.01,1e30]))";
  command.run();
  CHECK(command.history.end == RunEnd::Stopped);
  CHECK(command.files() == std::vector<std::string>{"epoch-1-batch-6.checkpoint"});
  CHECK_THAT(command.messages.back(),
             Contains("is kept, because the run was stopped with weights that are NaN or infinite"));
}

TEST_CASE("BackupAndRestore is refused before training where it cannot work", "[plugins]") {
  const auto refusal = [](Command& command) { return error_of([&] { return command.run(); }); };
  for (const char* text : {"often", "0", "-1", "1.5", "5x", "0s", "infs"}) {
    Command command(std::string(",save_freq=") + text);
    CHECK_THAT(refusal(command), Contains("save_freq is \"" + std::string(text) +
                                          "\"; expected epoch, a number of batches of 1 or more, or a time. "
                                          "Write for example save_freq=10m"));
  }
  Command command;
  std::ofstream(command.directory / "backup") << "in the way";
  CHECK_THAT(refusal(command),
             Contains("cannot create backup_dir ") && Contains("is not a writable directory"));
}

TEST_CASE("BackupAndRestore is refused before training in a loop without run checkpoints", "[plugins]") {
  Plan plan{{"BackupAndRestore:backup_dir=backup"}};
  plan.keeps_runs = false;
  CHECK_THAT(refusal_of(plan), Contains("the training loop keeps no run checkpoints"));
}

TEST_CASE("BackupAndRestore does nothing in an evaluation", "[plugins]") {
  Command command;
  PassOptions options;
  options.catalog = &command.catalog;
  options.plugins = command.options.plugins;
  options.plugins.erase(options.plugins.begin());
  const auto model = model_of("adam");
  CHECK(evaluate(*model, command.data, options).size() == 1);
  CHECK_FALSE(command.has_backup());
}
