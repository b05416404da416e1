// SPDX-License-Identifier: MIT
// ModelCheckpoint: which files remain, the newest model, and saves by time, on a signal and on an error.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

/// The files in a directory, sorted.
Names files_in(const std::filesystem::path& directory) {
  Names names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

const std::vector<host::LogKey> with_score = {{"loss", host::Direction::Min},
                                              {"score", host::Direction::Max}};

}  // namespace

TEST_CASE("ModelCheckpoint keeps the best or the newest files", "[plugins]") {
  struct Case {
    std::vector<double> values;
    std::string options;
    Names files;
    const char* reason;
  };
  const std::string name = "filepath=m-{epoch}.h5,";
  const Case table[] = {
      {{3, 1, 4, 1, 5}, name + "keep=2", {"m-4.h5", "m-5.h5"}, "without a monitor, the newest"},
      {{3, 1, 4, 2, 5}, name + "keep=2,monitor=val_loss", {"m-2.h5", "m-4.h5"}, "the two smallest"},
      {{3, 1, 4, 2, 5}, name + "keep=2,monitor=val_loss,mode=max", {"m-3.h5", "m-5.h5"}, "the two largest"},
      {{2, 2, 2, 2}, name + "keep=2,monitor=val_loss", {"m-1.h5", "m-2.h5"}, "an equal value is not better"},
      {{5, 4, 3, 2}, name + "keep=1,monitor=val_loss", {"m-4.h5"}, "each replaces the one before"},
      {{5, 4, 6, 3}, name + "keep=2,save_best_only=true", {"m-2.h5", "m-4.h5"}, "the newest of the best"},
      {{quiet_nan, 4, inf, -inf, 5},
       name + "keep=3,monitor=val_loss",
       {"m-2.h5", "m-5.h5"},
       "what is not finite is never one of the best"},
      {{1, 2}, name + "keep=9", {"m-1.h5", "m-2.h5"}, "fewer than allowed"},
      {{3, 3, 1},
       "filepath=m-{val_loss:.0f}.h5,keep=2,monitor=val_loss",
       {"m-1.h5", "m-3.h5"},
       "two saves under one name are one file"},
      {{1, 2, 3}, "filepath=m.h5,keep=1", {"m.h5"}, "a name without fields is replaced anyway"},
      {{3, 1, 2},
       name + "last=last.h5,save_best_only=true",
       {"last.h5", "m-1.h5", "m-2.h5"},
       "last is no file of keep"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.values, row.reason);
    const TemporaryDirectory directory;
    Driver run({{"ModelCheckpoint:" + row.options}, directory.path()});
    run.fit(losses(row.values));
    CHECK(files_in(directory.path()) == row.files);
  }
}

TEST_CASE("ModelCheckpoint with keep saves nothing that is not among the best", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"ModelCheckpoint:filepath=m-{epoch}.h5,keep=1,monitor=val_loss,verbose=1"}, directory.path()});
  run.fit(losses({3, 4, 2}));
  const std::string file = (directory / "m-1.h5").string();
  const std::string other = (directory / "m-3.h5").string();
  CHECK(run.messages == Names{"Epoch 1: val_loss 3.00000 is among the best 1, saving model to " + file,
                              "Epoch 1: finished saving model to " + file,
                              "Epoch 2: val_loss 4.00000 is not among the best 1",
                              "Epoch 3: val_loss 2.00000 is among the best 1, saving model to " + other,
                              "Epoch 3: finished saving model to " + other});
}

TEST_CASE("ModelCheckpoint removes only files that it wrote and nobody changed", "[plugins]") {
  const TemporaryDirectory directory;
  static_cast<void>(directory.put("m-0.h5", "of an earlier run"));
  Driver run({{"ModelCheckpoint:filepath=m-{epoch}.h5,keep=1"}, directory.path()});
  run.begin();
  run.epoch({{1}, {1}});
  static_cast<void>(directory.put("m-1.h5", "replaced by someone else"));
  run.epoch({{1}, {1}});
  std::filesystem::remove(directory / "m-2.h5");
  run.epoch({{1}, {1}});
  run.end();
  CHECK(files_in(directory.path()) == Names{"m-0.h5", "m-1.h5", "m-3.h5"});
  CHECK(run.messages == Names{(directory / "m-1.h5").string() +
                              " is not removed, because it has been changed since it was saved"});
}

TEST_CASE("ModelCheckpoint does not remove what has become a link", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"ModelCheckpoint:filepath=m-{epoch}.h5,keep=1"}, directory.path()});
  run.begin();
  run.epoch({{1}, {1}});
  std::filesystem::rename(directory / "m-1.h5", directory / "kept.h5");
  std::filesystem::create_symlink(directory / "kept.h5", directory / "m-1.h5");
  run.epoch({{1}, {1}});
  run.end();
  CHECK(files_in(directory.path()) == Names{"kept.h5", "m-1.h5", "m-2.h5"});
}

TEST_CASE("ModelCheckpoint keeps as many files in a resumed run", "[plugins]") {
  const std::vector<EpochLogs> epochs = losses({5, 2, 4, 3, 6, 1});
  for (const std::string options : {"keep=2", "keep=2,monitor=val_loss", "keep=2,save_best_only=true"}) {
    const Plan plan{{"ModelCheckpoint:filepath=m-{epoch}.h5," + options}};
    const TemporaryDirectory whole;
    Plan whole_plan = plan;
    whole_plan.directory = whole.path();
    Driver(whole_plan).fit(epochs);
    for (std::size_t at = 1; at < epochs.size(); ++at) {
      CAPTURE(options, at);
      const TemporaryDirectory directory;
      Plan pieces = plan;
      pieces.directory = directory.path();
      static_cast<void>(interrupted(pieces, epochs, at));
      CHECK(files_in(directory.path()) == files_in(whole.path()));
    }
  }
}

TEST_CASE("ModelCheckpoint does not remove the files of a copied run directory", "[plugins]") {
  const TemporaryDirectory first;
  const TemporaryDirectory second;
  const Plan plan{{"ModelCheckpoint:filepath=m-{epoch}.h5,keep=1"}, first.path()};
  Driver before(plan);
  before.begin();
  before.epoch({{1}, {1}});
  std::filesystem::copy(first / "m-1.h5", second / "m-1.h5");
  const auto time = std::filesystem::last_write_time(first / "m-1.h5");
  std::filesystem::last_write_time(second / "m-1.h5", time + std::chrono::seconds(1));
  Plan moved = plan;
  moved.directory = second.path();
  Driver after(moved);
  after.resume(before.callbacks().save_state(), 1);
  after.fit(losses({1, 1}));
  CHECK(files_in(first.path()) == Names{"m-1.h5"});
  CHECK(files_in(second.path()) == Names{"m-1.h5", "m-2.h5"});  // The copy is not the file that was saved.
}

TEST_CASE("ModelCheckpoint writes the newest model to last", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"ModelCheckpoint:filepath=best.h5,save_best_only=true,last=last.h5"}, directory.path()});
  run.fit(losses({1, 2, 3}));
  CHECK(content_of(directory / "best.h5") == "model 1");
  CHECK(content_of(directory / "last.h5") == "model 3");
}

TEST_CASE("ModelCheckpoint saves after some time", "[plugins]") {
  const std::vector<EpochLogs> epochs(2, EpochLogs{{1}, {1}, {{3}, {2}, {2}}});
  const TemporaryDirectory directory;
  Driver always({{"ModelCheckpoint:filepath=m-{epoch}-{batch}.h5,save_every=1ns"}, directory.path()});
  always.fit(epochs);
  CHECK(always.saved() == Names{"m-1-1.h5", "m-1-2.h5", "m-1-3.h5", "m-2-1.h5", "m-2-2.h5", "m-2-3.h5"});
  Driver best(
      {{"ModelCheckpoint:filepath=b-{epoch}-{batch}.h5,save_every=1ns,save_best_only=true,monitor=loss"},
       directory.path()});
  best.fit(epochs);
  CHECK(best.saved() == Names{"b-1-1.h5", "b-1-2.h5"});
  Driver never({{"ModelCheckpoint:filepath=n.h5,save_every=1h"}, directory.path()});
  never.fit(epochs);
  CHECK(never.saved().empty());
}

TEST_CASE("ModelCheckpoint saves to last on a signal and on an error", "[plugins]") {
  const TemporaryDirectory directory;
  const std::string options = "ModelCheckpoint:filepath=m.h5,period=9,last=last.h5,";
  const auto run = [&](const std::string& on, float weight, bool interrupts) {
    std::filesystem::remove(directory / "last.h5");
    Driver driver({{options + on}, directory.path()});
    driver.begin();
    driver.epoch({{1}, {1}});
    driver.target.weight = weight;
    if (interrupts)
      driver.callbacks().interrupt(SIGTERM);
    else
      driver.callbacks().fault("", "", "the data are gone");
    driver.callbacks().finish(interrupts ? host::RunEnd::Interrupted : host::RunEnd::Fault);
    return driver.messages;
  };
  CHECK(run("save_on_interrupt=true", 7, true).empty());
  CHECK(content_of(directory / "last.h5") == "model 7");
  CHECK(run("save_on_fault=true", 8, false).empty());
  CHECK(content_of(directory / "last.h5") == "model 8");
  run("save_on_fault=true", 7, true);
  CHECK(files_in(directory.path()).empty());
  run("save_on_interrupt=true", 7, false);
  CHECK(files_in(directory.path()).empty());
  const Names messages = run("save_on_fault=true", std::numeric_limits<float>::quiet_NaN(), false);
  CHECK(files_in(directory.path()).empty());
  REQUIRE(messages.size() == 1);
  CHECK_THAT(messages[0], Contains("because the weight weight is NaN or infinite"));
}

TEST_CASE("ModelCheckpoint never saves weights as the best that are not finite", "[plugins]") {
  const TemporaryDirectory directory;
  for (const std::string options : {"save_best_only=true", "monitor=val_loss,keep=2"}) {
    Plan plan{{"ModelCheckpoint:filepath=m-{epoch}.h5," + options}, directory.path()};
    plan.prepare = [](StubTarget& target) {
      target.weights = {{"dense/kernel", {1}, {std::numeric_limits<float>::infinity()}}};
    };
    Driver run(plan);
    run.fit(losses({1}));
    CHECK(run.saved().empty());
    CHECK(run.messages ==
          Names{"Epoch 1: not saved as the best, because the weight dense/kernel is NaN or infinite"});
  }
  // The value is not: a loss of minus infinity would be the best for ever.
  Driver run({{"ModelCheckpoint:filepath=m-{epoch}.h5,save_best_only=true"}, directory.path()});
  run.fit(losses({2, -inf, 1}));
  CHECK(run.saved() == Names{"m-1.h5", "m-3.h5"});
}

TEST_CASE("ModelCheckpoint rejects options of keep, last and save_every that do not fit together",
          "[plugins]") {
  const TemporaryDirectory directory;
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"filepath=m-{epoch}.h5,keep=0", "expected at least 1"},
      {"filepath=m.h5,keep=2",
       "keep=2 needs several files, and filepath has no field. Add one, such as {epoch}"},
      {"filepath=m-{epoch}.h5,keep=2,in_background=true",
       "keep removes a file only after the next one is complete, and with in_background=true it is not known "
       "when. Omit one of them"},
      {"filepath=m.h5,last=last.txt", "cannot be written"},
      {"filepath=m.h5,save_on_fault=true", "save_on_fault saves to last, which is not set"},
      {"filepath=m.h5,save_on_interrupt=true", "save_on_interrupt saves to last, which is not set"},
      {"filepath=m.h5,save_every=0s",
       "save_every is 0; expected a longer time. Write for example save_every=30m"},
      {"filepath=m.h5,save_every=5m,save_freq=3",
       "save_every and save_freq=3 both say when to save. Omit one of them"},
      {"filepath=m.h5,save_every=5m,period=2", "period counts epochs and save_every measures time"},
      {"filepath=m-{val_loss}.h5,save_every=5m",
       "the field {val_loss}, which has no value at the end of a batch, where save_every saves"},
      {"filepath=m-{epoch}.h5,save_freq=3,monitor=val_loss,keep=2",
       "keep compares \"val_loss\", which has no value at the end of a batch, where save_freq=3 saves"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"ModelCheckpoint:" + row.options}, directory.path()}), Contains(row.sentence));
  }
}
