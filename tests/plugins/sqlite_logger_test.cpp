// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Fit;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& sqlite_logger() {
  return loaded("sqlite_logger", "kairos.SQLiteLogger");
}

/// What the program of SQLite answers.
std::string rows_of(const TemporaryDirectory& dir, const std::string& sql) {
  const std::string command =
      "sqlite3 -nullvalue NULL " + (dir / "new/r.db").string() + " \"" + sql + "\" 2>&1";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> program(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  std::array<char, 4096> piece{};
  while (program != nullptr && std::fgets(piece.data(), piece.size(), program.get()) != nullptr)
    text += piece.data();
  return text;
}

kairos::testing::Settings database_in(const TemporaryDirectory& dir, const std::string& name) {
  return {{"filename", (dir / "new/r.db").string()}, {"name", name}};
}

/// The program of SQLite holds the database while this lives.
class DatabaseLock {
 public:
  explicit DatabaseLock(const TemporaryDirectory& dir)
      : program_(::popen(("sqlite3 " + (dir / "new/r.db").string()).c_str(), "w"), ::pclose) {
    std::filesystem::remove(dir / "locked");
    const std::string words = "BEGIN IMMEDIATE;\n.shell touch " + (dir / "locked").string() + '\n';
    std::fputs(words.c_str(), program_.get());
    std::fflush(program_.get());
    for (int i = 0; i < 2000 && !std::filesystem::exists(dir / "locked"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> program_;
};

const std::string all_rows = "SELECT run, epoch, step, key, value FROM logs ORDER BY run, epoch, key";

}  // namespace

TEST_CASE("SQLiteLogger writes the logs of each epoch", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(sqlite_logger(), database_in(dir, "o'ne"));
  fit.epoch({{"loss", 0.1}, {"val_loss", INFINITY}});
  fit.epoch({{"loss", NAN}, {"a 'key';", 2}});
  CHECK(rows_of(dir, all_rows) ==
        "1|0|1|loss|0.1\n1|0|1|val_loss|Inf\n1|1|2|a 'key';|2.0\n1|1|2|loss|NULL\n");
  CHECK(rows_of(dir, "SELECT name, directory, ended, outcome FROM runs") == "o'ne||NULL|NULL\n");
  CHECK(rows_of(dir, "SELECT abs(began - strftime('%s')) < 60 FROM runs") == "1\n");
  fit.end();
  CHECK(rows_of(dir, "SELECT ended >= began, outcome, reason FROM runs") == "1|completed|\n");
}

TEST_CASE("SQLiteLogger says how a run ended", "[plugins]") {
  struct Case {
    std::string outcome, reason;
    const char* why;
  };
  const Case table[] = {{"stopped", "enough", "a stop"},
                        {"interrupted", "interrupted", "a signal"},
                        {"fault", "the disk's full", "an error"}};
  for (const Case& row : table) {
    CAPTURE(row.why);
    const TemporaryDirectory dir;
    Fit fit(sqlite_logger(), database_in(dir, "a"));
    fit.epoch();
    if (row.outcome == "fault") {
      fit.fault(row.reason);
    } else {
      if (row.outcome == "stopped") fit.host().stop_reason = row.reason;
      if (row.outcome == "interrupted") fit.interrupt(SIGINT);
      fit.end();
    }
    CHECK(rows_of(dir, "SELECT outcome, reason FROM runs") == row.outcome + '|' + row.reason + '\n');
  }
}

TEST_CASE("SQLiteLogger keeps the runs in a database apart", "[plugins]") {
  const TemporaryDirectory dir;
  Fit first(sqlite_logger(), database_in(dir, "a"));
  Fit second(sqlite_logger(), database_in(dir, "b"));
  first.epoch({{"loss", 1}});
  second.epoch({{"loss", 2}});
  first.epoch({{"loss", 3}});
  CHECK(rows_of(dir, all_rows) == "1|0|1|loss|1.0\n1|1|2|loss|3.0\n2|0|1|loss|2.0\n");
  Fit unnamed(sqlite_logger(), {{"filename", (dir / "new/r.db").string()}});
  unnamed.run_event().run_dir = {"/runs/7", 7};
  unnamed.begin();
  CHECK(rows_of(dir, "SELECT name, directory FROM runs WHERE id = 3") == "7|/runs/7\n");
}

TEST_CASE("SQLiteLogger goes on with its run after a resume", "[plugins]") {
  const TemporaryDirectory dir;
  Fit before(sqlite_logger(), database_in(dir, "a"));
  before.epoch({{"loss", 1}});
  const auto state = before.state();
  before.epoch({{"loss", 2}, {"lost", 2}});  // after the last checkpoint
  before.end();
  Fit after(sqlite_logger(), database_in(dir, "a"));
  after.restore(state);
  after.run_event().initial_epoch = 1;
  after.begin();
  CHECK(rows_of(dir, "SELECT outcome FROM runs") == "NULL\n");
  after.epoch({{"loss", 3}});
  CHECK(rows_of(dir, "SELECT epoch, key, value FROM logs ORDER BY epoch") == "0|loss|1.0\n1|loss|3.0\n");
  CHECK(after.host().lines.empty());

  const TemporaryDirectory other;
  Fit lost(sqlite_logger(), database_in(other, "a"));
  lost.restore(state);
  lost.run_event().initial_epoch = 1;
  lost.epoch({{"loss", 3}});
  CHECK(rows_of(other, all_rows) == "1|1|1|loss|3.0\n");
  REQUIRE(lost.host().lines.size() == 1);
  CHECK_THAT(lost.host().lines[0].text,
             Contains("has no run 1, which this one continues: earlier epochs are lost"));
}

TEST_CASE("SQLiteLogger leaves a run alone that has its number in another file", "[plugins]") {
  const TemporaryDirectory dir;
  Fit first(sqlite_logger(), database_in(dir, "a"));
  first.epoch({{"loss", 1}});
  const auto state = first.state();
  first.end();
  const TemporaryDirectory other;
  Fit second(sqlite_logger(), database_in(other, "b"));
  second.epoch({{"loss", 2}});
  second.epoch({{"loss", 3}});
  second.end();
  Fit after(sqlite_logger(), database_in(other, "a"));
  after.restore(state);
  after.run_event().initial_epoch = 1;
  after.epoch({{"loss", 4}});
  CHECK(rows_of(other, all_rows) == "1|0|1|loss|2.0\n1|1|2|loss|3.0\n2|1|1|loss|4.0\n");
  CHECK(rows_of(other, "SELECT name, outcome FROM runs ORDER BY id") == "b|completed\na|NULL\n");
  REQUIRE(after.host().lines.size() == 1);
  CHECK_THAT(after.host().lines[0].text, Contains("has no run 1, which this one continues"));
}

TEST_CASE("SQLiteLogger keeps rows while another program locks the database", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(sqlite_logger(), database_in(dir, "a"));
  fit.epoch({{"loss", 1}});
  CHECK(rows_of(dir, "PRAGMA journal_mode") == "wal\n");
  {
    const DatabaseLock lock(dir);
    fit.epoch({{"loss", 2}});
    fit.epoch({{"loss", 3}});
    CHECK(rows_of(dir, "SELECT value FROM logs") == "1.0\n");
  }
  fit.epoch({{"loss", 4}});
  CHECK(rows_of(dir, "SELECT value FROM logs ORDER BY epoch") == "1.0\n2.0\n3.0\n4.0\n");
  CHECK(fit.host().lines.empty());
  const DatabaseLock lock(dir);
  fit.epoch({{"loss", 5}});
  CHECK_THROWS_WITH(fit.fault("the disk is full"), Contains("a task of the callback failed"));
  REQUIRE(fit.host().lines.size() == 1);
  CHECK_THAT(fit.host().lines[0].text,
             Contains("the last 1 epoch and the end of the run are not in " + (dir / "new/r.db").string()));
}

TEST_CASE("SQLiteLogger writes at the end what has waited for a lock", "[plugins]") {
  const TemporaryDirectory dir;
  kairos::tests::Driver run({{"SQLiteLogger:filename=" + (dir / "new/r.db").string()}});
  run.begin();
  auto lock = std::make_unique<DatabaseLock>(dir);
  for (int i = 0; i < 200; ++i) run.epoch({{1}, {1}});
  std::thread later([&lock] {
    std::this_thread::sleep_for(std::chrono::milliseconds(3000));
    lock.reset();
  });
  run.end();
  later.join();
  CHECK(rows_of(dir, "SELECT count(*), max(epoch) FROM logs WHERE key = 'loss'") == "200|199\n");
  CHECK(rows_of(dir, "SELECT outcome FROM runs") == "completed\n");
  for (const std::string& text : run.messages) CHECK_THAT(text, Contains("waits for"));
}

TEST_CASE("SQLiteLogger says why it cannot write", "[plugins]") {
  const TemporaryDirectory dir;
  Fit directory(sqlite_logger(), {{"filename", dir.path().string()}});
  CHECK_THROWS_WITH(directory.setup(), Contains("is a directory. Name a file in it"));
  const std::string text = dir.put("log.csv", "epoch,loss\n" + std::string(2000, 'x')).string();
  Fit no_database(sqlite_logger(), {{"filename", text}});
  CHECK_THROWS_WITH(no_database.begin(),
                    Contains("cannot write " + text + ": file is not a database. Free the path"));
  Fit dropped(sqlite_logger(), database_in(dir, "a"));
  dropped.begin();
  CHECK(rows_of(dir, "DROP TABLE logs").empty());
  CHECK_NOTHROW(dropped.epoch({{"loss", 1}}));
  REQUIRE(dropped.host().lines.size() == 1);
  CHECK_THAT(dropped.host().lines[0].text, Contains("cannot write") && Contains("no such table: logs"));
}
