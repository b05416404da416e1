// SPDX-License-Identifier: MIT
// Run checkpoints in the training of Kairos::testing.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using kairos::Position;
using kairos::testing::callback;
using kairos::testing::Failure;
using kairos::testing::Fit;
using kairos::testing::Settings;

struct Keeper : kairos::Callback<Keeper> {
  static constexpr auto id = "test.Keeper";
  static constexpr auto capabilities = kairos::Can::SaveRun;
  kairos::Option<int> batch{this, "batch", -1, "batch after which the run is saved"};
  kairos::Option<int> keep{this, "keep", 1, "checkpoints that stay"};
  kairos::Option<bool> late{this, "late", false, "asks where nothing can be asked"};

  void setup(kairos::Run& run) {
    if (run.resume_from("backup")) run.print("goes on");
  }
  void on_train_begin(kairos::Run& run) {
    print(run, "begins");
    if (late) run.checkpoint_run("backup");
  }
  void on_train_batch_end(kairos::Batch& event) {
    print(event, "batch");
    if (batch == event.index()) event.checkpoint_run("backup", static_cast<std::uint32_t>(keep));
  }
  void on_epoch_end(kairos::Epoch& epoch) {
    epoch.checkpoint_run("backup", static_cast<std::uint32_t>(keep));
  }
  void on_checkpoint_saved(kairos::Checkpoint& saved) {
    print(saved, saved.is_run() ? "saved" : "not of the run");
  }

  static void print(const kairos::Event& event, const std::string& word) {
    const Position now = event.position();
    event.print(word + " " + std::to_string(now.epoch) + "/" + std::to_string(now.batch) + "/" +
                std::to_string(now.step));
  }
};

std::vector<std::string> lines(Fit& fit) {
  std::vector<std::string> all;
  for (const auto& line : fit.host().lines) all.push_back(line.text);
  return all;
}

std::string failure_of(const Settings& settings, bool keeps_runs = true) {
  Fit fit(callback<Keeper>(), settings);
  fit.host().keeps_runs = keeps_runs;
  try {
    fit.epoch();
  } catch (const Failure& failure) {
    return failure.reason();
  }
  return "";
}

}  // namespace

TEST_CASE("The test kit takes run checkpoints after the hook, and tells the callback", "[sdk]") {
  Fit fit(callback<Keeper>(), {{"batch", 0}});
  fit.run_event().steps_per_epoch = 2;
  fit.batch();
  fit.batch();
  fit.end_epoch();
  CHECK(lines(fit) ==
        std::vector<std::string>{"begins 0/0/0", "batch 0/1/1", "saved 0/1/1", "batch 1/0/2", "saved 1/0/2"});
  REQUIRE(fit.host().runs_saved.size() == 2);
  CHECK(fit.host().runs_saved[0].directory == "backup");
  CHECK(fit.host().run_checkpoints.at("backup").epoch == 1);
  fit.checkpoint_saved("model.keras");
  CHECK(fit.host().lines.back().text == "not of the run 1/0/2");
}

TEST_CASE("The test kit goes on from a run checkpoint, also inside an epoch", "[sdk]") {
  Fit fit(callback<Keeper>());
  fit.run_event().steps_per_epoch = 2;
  fit.host().run_checkpoints["backup"] = {3, 1, 7, 3};
  fit.batch();
  fit.end_epoch();
  CHECK(fit.host().resumed_from == "backup");
  CHECK(fit.run_event().run_resumed == 1);
  CHECK(fit.run_event().initial_epoch == 3);
  CHECK(lines(fit) == std::vector<std::string>{"goes on", "begins 3/1/7", "batch 4/0/8", "saved 4/0/8"});
  CHECK(fit.host().calls("run.resume_from") == 1);
}

TEST_CASE("The test kit refuses requests about runs that a host refuses", "[sdk]") {
  CHECK_THAT(failure_of({{"keep", 3}}), Catch::Contains("3 run checkpoints cannot be kept; expected 1 or 2"));
  CHECK_THAT(
      failure_of({{"late", true}}),
      Catch::Contains("run checkpoints are asked for in on_train_batch_end, on_epoch_end and on_train_end, "
                      "not in on_train_begin"));
  CHECK_THAT(failure_of({}, false), Catch::Contains("this training loop keeps no run checkpoints"));
}

namespace {

struct Counter : kairos::Callback<Counter> {
  static constexpr auto id = "test.Counter";
  kairos::Option<int> root{this, "root", 0, "rank that broadcasts"};
  kairos::Option<bool> early{this, "early", false, "exchange in on_test_begin"};

  void on_test_begin(kairos::Test& test) {
    double number = 1;
    if (early) test.all_reduce(kairos::Reduce::Sum, &number, 1);
  }

  void on_epoch_end(kairos::Epoch& epoch) {
    double samples = 5;
    epoch.all_reduce(kairos::Reduce::Sum, &samples, 1);
    epoch.broadcast(static_cast<std::int32_t>(root), &samples, sizeof samples);
    epoch.print(std::to_string(epoch.rank()) + " of " + std::to_string(epoch.ranks()) + ": " +
                std::to_string(static_cast<int>(samples)));
  }
};

}  // namespace

TEST_CASE("The ranks of a test all have the same values", "[sdk]") {
  Fit fit(callback<Counter>());
  fit.host().rank = 1;
  fit.host().world = 3;
  fit.epoch();
  CHECK(lines(fit) == std::vector<std::string>{"1 of 3: 15"});
  Fit wrong(callback<Counter>(), {{"root", 3}});
  wrong.host().world = 3;
  CHECK_THROWS_AS(wrong.epoch(), Failure);
}

TEST_CASE(
    "The test kit refuses an exchange of ranks where a host refuses it, and fails one where a test asks for "
    "it",
    "[sdk]") {
  Fit early(callback<Counter>(), {{"early", true}});
  early.begin();
  CHECK_THROWS_WITH(early.test(), Catch::Contains("ranks exchange no values in on_test_begin"));
  Fit lost(callback<Counter>());
  lost.host().fail("dist.all_reduce", KAIROS_E_IO, "rank 1 is lost");
  CHECK_THROWS_WITH(lost.epoch(), Catch::Contains("rank 1 is lost"));
}
