// SPDX-License-Identifier: MIT
// The files of run checkpoints: what is kept, what is found again, and what damage does.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash64.hpp"
#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/checkpoint.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

/// A run whose epochs have 10 batches.
struct Run {
  TemporaryDirectory directory;
  std::vector<std::string> messages;
  History history;

  [[nodiscard]] RunCheckpoints open(const char* every = "1epoch") {
    return {directory.path(), *parse_checkpoint_interval(every),
            [this](Level, std::string_view, std::string_view text) { messages.emplace_back(text); }};
  }
  void add_epoch(double loss) {
    const std::vector<LogKey> keys{{"loss"}, {"val_loss"}};
    const auto epoch = static_cast<std::int64_t>(history.epochs.size());
    history.append(epoch, keys, {{loss, true}, {loss, epoch % 2 == 1}});
    history.saved_files.push_back(directory / ("m" + std::to_string(epoch) + ".keras"));
  }
  [[nodiscard]] static FitCheckpoint checkpoint(std::int64_t epoch, std::int64_t batch = 0) {
    FitCheckpoint one;
    one.position = {epoch, batch, batch > 0, epoch, batch, 10 * epoch + batch};
    one.facts = {{"`seed`", "7"}};
    one.training = std::string(1000, static_cast<char>('a' + epoch));
    one.log_sums = batch > 0 ? "sums" : "";
    one.callbacks = "states";
    one.memory = {epoch, StopRequest{"enough", "Stopper"}, {{0.5, true}, {0, false}}, {"Flaky"}};
    return one;
  }
  /// Takes a checkpoint after each of `epochs` epochs.
  void train(RunCheckpoints& files, std::int64_t epochs) {
    for (std::int64_t i = static_cast<std::int64_t>(history.epochs.size()); i < epochs; ++i) {
      add_epoch(1.0 / static_cast<double>(i + 1));
      files.take(checkpoint(i + 1), history);
    }
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(directory / RunCheckpoints::folder))
      all.push_back(entry.path().filename().string());
    std::ranges::sort(all);
    return all;
  }
  [[nodiscard]] fs::path file(const std::string& name) const {
    return directory / RunCheckpoints::folder / name;
  }
};

void change_byte(const fs::path& file, std::uint64_t at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(static_cast<char>(byte ^ 4));
}

}  // namespace

TEST_CASE("A run checkpoint is found as it was taken, with its History", "[host][train]") {
  Run run;
  {
    RunCheckpoints files = run.open();
    run.train(files, 3);
    files.take(Run::checkpoint(3, 4), run.history);
  }
  CHECK(run.names() ==
        std::vector<std::string>{"epoch-3-batch-30.checkpoint", "epoch-3-batch-34.checkpoint", "history"});
  const auto found = run.open().load();
  REQUIRE(found);
  const FitCheckpoint expected = Run::checkpoint(3, 4), &checkpoint = found->resumption.checkpoint;
  CHECK(checkpoint.position == expected.position);
  CHECK(checkpoint.position.text() == "epoch 4, batch 4");
  CHECK(checkpoint.facts == expected.facts);
  CHECK(checkpoint.training == expected.training);
  CHECK(checkpoint.log_sums == "sums");
  CHECK(checkpoint.callbacks == "states");
  CHECK(checkpoint.memory.epochs_run == 3);
  CHECK(checkpoint.memory.stop->instance == "Stopper");
  CHECK(checkpoint.memory.epoch_values.at(0).value == 0.5);
  CHECK(!checkpoint.memory.epoch_values.at(1).available);
  CHECK(checkpoint.memory.disabled == std::vector<std::string>{"Flaky"});
  CHECK(found->resumption.history.json() == run.history.json());
  CHECK(found->resumption.history.saved_files == run.history.saved_files);
  CHECK(!found->finished);
  CHECK(!run.open().load()->finished);
}

TEST_CASE("A run that has ended is marked when its results are written", "[host][train]") {
  Run run;
  {
    RunCheckpoints files = run.open("1h");
    run.add_epoch(0.5);
    files.take_last(Run::checkpoint(1), run.history, RunEnd::Stopped);
    CHECK(!fs::exists(run.directory / RunCheckpoints::folder));
    files.finish();
    const auto found = run.open().load();
    REQUIRE(found);
    CHECK(found->finished);
    CHECK(found->end == RunEnd::Stopped);
  }
  {
    RunCheckpoints files = run.open("1h");
    files.start_over();
    run.add_epoch(0.25);
    files.take_last(Run::checkpoint(2), run.history, RunEnd::Completed);
  }  // the results could not be written
  const auto found = run.open().load();
  REQUIRE(found);
  CHECK(!found->finished);
  CHECK(found->resumption.history.epochs.size() == 2);
}

TEST_CASE("A damaged run checkpoint is passed over, and says so", "[host][train]") {
  Run run;
  {
    RunCheckpoints files = run.open();
    run.train(files, 3);
  }
  const std::string newest = "epoch-3-batch-30.checkpoint", older = "epoch-2-batch-20.checkpoint";
  const std::string whole = content_of(run.file(newest));
  for (std::uint64_t at = 0; at < whole.size(); at += 7) {
    change_byte(run.file(newest), at);
    const auto found = run.open().load();
    REQUIRE(found);
    REQUIRE(found->resumption.checkpoint.position.epoch == 2);
    CHECK(found->resumption.history.epochs.size() == 2);
    change_byte(run.file(newest), at);
  }
  CHECK_THAT(run.messages.back(), Contains("KAIROS-F090: ") && Contains(newest) &&
                                      Contains("the run checkpoint is damaged; found") &&
                                      Contains("The one before it is tried"));
  for (std::uint64_t size = 0; size < whole.size(); size += 11) {
    fs::resize_file(run.file(newest), size);
    REQUIRE(run.open().load()->resumption.checkpoint.position.epoch == 2);
    std::ofstream(run.file(newest), std::ios::binary) << whole;
  }
  REQUIRE(run.open().load()->resumption.checkpoint.position.epoch == 3);
  fs::resize_file(run.file(newest), 100);
  {
    RunCheckpoints files = run.open();
    REQUIRE(files.load());
    files.take(Run::checkpoint(2, 5), run.history);  // what is damaged goes, what was good stays
  }
  CHECK(run.names() == std::vector<std::string>{older, "epoch-2-batch-25.checkpoint", "history"});
  change_byte(run.file(older), 20);
  change_byte(run.file("epoch-2-batch-25.checkpoint"), 20);
  CHECK_THAT(error_of([&] { (void)run.open().load(); }), Contains("KAIROS-F090"));
}

TEST_CASE("What later checkpoints added to the History does not matter to an earlier one", "[host][train]") {
  Run run;
  {
    RunCheckpoints files = run.open();
    run.train(files, 2);
  }
  const std::string before = run.history.json();
  std::ofstream(run.file("history"), std::ios::app) << "torn record";
  {
    RunCheckpoints files = run.open();
    CHECK(files.load()->resumption.history.json() == before);
    run.train(files, 4);
  }
  CHECK(run.open().load()->resumption.history.json() == run.history.json());
  change_byte(run.file("history"), 12);
  CHECK_THAT(error_of([&] { (void)run.open().load(); }), Contains("KAIROS-F090") && Contains("history"));
}

TEST_CASE("A run checkpoint of a newer release is refused, not passed over", "[host][train]") {
  Run run;
  {
    RunCheckpoints files = run.open();
    run.train(files, 2);
  }
  constexpr std::size_t training = 1000;
  std::string bytes = content_of(run.file("epoch-2-batch-20.checkpoint"));
  bytes[std::string_view("KAIROS-RUN\n").size()] = 2;
  const std::string_view covered(bytes.data(), bytes.size() - sizeof(std::uint64_t));
  const std::string_view head = covered.substr(0, covered.size() - training);
  const std::uint64_t hash = hash64(covered.substr(head.size()), hash64(head));
  std::memcpy(bytes.data() + covered.size(), &hash, sizeof hash);
  std::ofstream(run.file("epoch-2-batch-20.checkpoint"), std::ios::binary) << bytes;
  CHECK_THAT(error_of([&] { (void)run.open().load(); }),
             Contains("KAIROS-F091") && Contains("a newer Kairos wrote the run checkpoint; found version 2, "
                                                 "expected 1. Go on with the release that began the run."));
}

TEST_CASE("Checkpoints by time may not cost more than their share of it", "[host][train]") {
  const auto wants_another = [](double share) {
    const Run run;
    RunCheckpoints files(run.directory.path(), {CheckpointInterval::Unit::Seconds, 0, share}, nullptr);
    FitCheckpoint large = Run::checkpoint(1);
    large.training.assign(std::size_t{16} << 20, 'x');
    REQUIRE(files.wants(large.position));
    files.take(std::move(large), run.history);
    files.wait();
    return files.wants({2, 0, false, 2, 0, 20});
  };
  CHECK_FALSE(wants_another(1e-6));  // the processor time of one is at least a millionth of the time
  CHECK(wants_another(1e6));
  CHECK(wants_another(0));
}

TEST_CASE("Training goes on if a checkpoint cannot be written, but the last one must be", "[host][train]") {
  Run run;
  RunCheckpoints files = run.open();
  run.train(files, 1);
  files.take_last(Run::checkpoint(1), run.history, RunEnd::Interrupted);
  files.finish();  // until it is written
  fs::remove_all(run.file(""));
  std::ofstream(run.directory / RunCheckpoints::folder) << "in the way";
  run.train(files, 3);
  CHECK_THAT(run.messages.at(0), Contains("a run checkpoint could not be written: KAIROS-F095: ") &&
                                     Contains("The training goes on, and the one before it is kept"));
  files.take_last(Run::checkpoint(3), run.history, RunEnd::Completed);
  CHECK_THAT(error_of([&] { files.finish(); }), Contains("KAIROS-F095"));
  fs::remove(run.directory / RunCheckpoints::folder);
  files.take_last(Run::checkpoint(3), run.history, RunEnd::Completed);
  files.finish();
  CHECK(run.messages.back() == "run checkpoints can be written again");
  CHECK(run.open().load()->resumption.history.json() == run.history.json());
}

TEST_CASE("A checkpoint that could not be written leaves the one before it whole", "[host][train]") {
  Run run;
  {
    RunCheckpoints files = run.open();
    run.train(files, 3);
    files.take_last(Run::checkpoint(3), run.history, RunEnd::Interrupted);
    files.finish();
    fs::create_directory(run.file("epoch-4-batch-40.checkpoint"));  // the name is taken
    run.train(files, 4);
  }
  CHECK_THAT(run.messages.at(0), Contains("a run checkpoint could not be written: KAIROS-") &&
                                     !Contains(".. ") && Contains("and the one before it is kept"));
  fs::remove(run.file("epoch-4-batch-40.checkpoint"));
  const auto found = run.open().load();
  REQUIRE(found);
  CHECK(found->resumption.checkpoint.position.epoch == 3);
  CHECK(found->resumption.history.epochs.size() == 3);
}

TEST_CASE("Files of a run stay few", "[host][train]") {
  Run run;
  RunCheckpoints files = run.open();
  run.train(files, 300);
  files.take_last(Run::checkpoint(300), run.history, RunEnd::Interrupted);
  files.finish();
  CHECK(run.names().size() == 3);
  const auto found = run.open().load();
  REQUIRE(found);
  CHECK(run.names().size() == 3);
  CHECK(found->resumption.history.json() == run.history.json());
}

TEST_CASE("Intervals of run checkpoints", "[host][train]") {
  using Unit = CheckpointInterval::Unit;
  struct Case {
    const char* text;
    Unit unit;
    double count;
  };
  for (const Case& one :
       {Case{"30s", Unit::Seconds, 30}, Case{"0.5s", Unit::Seconds, 0.5}, Case{"5min", Unit::Seconds, 300},
        Case{"1h", Unit::Seconds, 3600}, Case{"1epoch", Unit::Epochs, 1}, Case{"2epochs", Unit::Epochs, 2},
        Case{"100batches", Unit::Batches, 100}, Case{"off", Unit::Never, 0}}) {
    INFO(one.text);
    const auto found = parse_checkpoint_interval(one.text);
    REQUIRE(found);
    CHECK(found->unit == one.unit);
    CHECK(found->count == one.count);
    CHECK(found->share == 0);  // what is asked for is done
  }
  CHECK(parse_checkpoint_interval("auto")->count == 5);
  CHECK(parse_checkpoint_interval("auto")->share == 0.01);
  for (const char* text :
       {"", "s", "5", "-1s", "0epochs", "1.5batches", "nans", "infs", "2 epochs", "5seconds"})
    CHECK(!parse_checkpoint_interval(text));

  TemporaryDirectory directory;
  RunCheckpoints files(directory.path(), {Unit::Batches, 10}, nullptr);
  CHECK(!files.wants({0, 9, true, 0, 9, 9}));
  CHECK(files.wants({0, 10, true, 0, 10, 10}));
  RunCheckpoints epochs(directory.path(), {Unit::Epochs, 2}, nullptr);
  CHECK(!epochs.wants({1, 0, false, 0, 9, 9}));
  CHECK(!epochs.wants({2, 1, true, 0, 9, 9}));
  CHECK(epochs.wants({2, 0, false, 0, 9, 9}));
  RunCheckpoints never(directory.path(), {Unit::Seconds, 3600}, nullptr);
  CHECK(!never.wants({2, 0, false, 0, 9, 9}));
  RunCheckpoints always(directory.path(), {Unit::Seconds, 0}, nullptr);
  CHECK(always.wants({0, 1, true, 0, 1, 1}));
}
