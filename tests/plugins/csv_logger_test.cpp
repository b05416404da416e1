// SPDX-License-Identifier: MIT
// CSVLogger: the bytes of its file, and existing files.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "host/file_size_limit.hpp"
#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

const std::vector<host::LogKey> two_keys = {{"loss", host::Direction::Min},
                                            {"accuracy", host::Direction::Max}};

}  // namespace

TEST_CASE("CSVLogger writes what Keras writes, except for line endings", "[plugins]") {
  struct Case {
    std::string options;
    std::vector<EpochLogs> epochs;
    std::string bytes;
  };
  const Case table[] = {
      {"",
       {{{2.2724249362945557}, {0.5}}, {{1}, {1e-5}}},
       "epoch,loss,val_loss\n0,2.2724249362945557,0.5\n1,1.0,1e-05\n"},
      {",separator=';'", {{{1}}, {{1}, {2}}, {{1}}}, "epoch;loss;val_loss\n0;1.0;NA\n1;1.0;2.0\n2;1.0;NA\n"},
      {",separator='\\t'", {{{1}, {2}}}, "epoch\tloss\tval_loss\n0\t1.0\t2.0\n"},
      {"",
       {{{quiet_nan}, {-inf}}, {{inf}, {-0.0}}, {{1e16}, {123456789}}},
       "epoch,loss,val_loss\n0,nan,-inf\n1,inf,-0.0\n2,1e+16,123456789.0\n"},
      {"", {}, "epoch,loss,val_loss\n"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    const TemporaryDirectory directory;
    Driver run({{"CSVLogger:filename=log.csv" + row.options}, directory.path()});
    run.fit(row.epochs);
    CHECK(content_of(directory / "log.csv") == row.bytes);
  }
}

TEST_CASE("CSVLogger rejects files that are not regular without opening them", "[plugins]") {
  const TemporaryDirectory directory;
  REQUIRE(::mkfifo((directory / "log.csv").c_str(), 0600) == 0);
  CHECK_THAT(refusal_of({{"CSVLogger:filename=log.csv"}, directory.path()}),
             Contains("is not a regular file, and writing to it could block. Name a file"));
}

TEST_CASE("CSVLogger has a column for every declared key, sorted", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"CSVLogger:filename=log.csv", "ReduceLROnPlateau:patience=1,factor=0.5"},
              directory.path(),
              two_keys});
  run.fit({{{3, .5}}, {{2, .6}, {4, .4}}, {{1, .7}, {4, .5}}, {{1, .7}, {4, .5}}});
  CHECK(content_of(directory / "log.csv") ==
        "epoch,accuracy,learning_rate,loss,val_accuracy,val_loss\n"
        "0,0.5,1.0,3.0,NA,NA\n1,0.6,1.0,2.0,0.4,4.0\n2,0.7,1.0,1.0,0.5,4.0\n3,0.7,0.5,1.0,0.5,4.0\n");
}

TEST_CASE("CSVLogger writes every epoch to the file before the next begins", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"CSVLogger:filename=log.csv"}, directory.path()});
  run.begin();
  run.epoch({{1}, {2}});
  CHECK(content_of(directory / "log.csv") == "epoch,loss,val_loss\n0,1.0,2.0\n");
  run.end();
}

TEST_CASE("CSVLogger quotes text that contains separators or line breaks", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"CSVLogger:filename=log.csv"},
              directory.path(),
              {{"a,b", host::Direction::Min}, {"c\"d", host::Direction::Min}},
              false});
  run.fit({{{1, 2}}});
  CHECK(content_of(directory / "log.csv") == "epoch,\"a,b\",\"c\"\"d\"\n0,1.0,2.0\n");
}

TEST_CASE("CSVLogger creates directories, and nothing before training", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"CSVLogger:filename=a/b/log.csv"}, directory.path()});
  CHECK(!std::filesystem::exists(directory / "a"));
  run.fit(losses({1}));
  CHECK(content_of(directory / "a/b/log.csv") == "epoch,loss,val_loss\n0,1.0,1.0\n");
}

TEST_CASE("CSVLogger replaces a file, or appends to it", "[plugins]") {
  struct Case {
    std::string options, before, after;
  };
  const Case table[] = {
      {"", "something else", "epoch,loss,val_loss\n0,1.0,1.0\n"},
      {",append=true", "", "epoch,loss,val_loss\n0,1.0,1.0\n"},
      {",append=true", "epoch,loss,val_loss\n0,3.0,3.0\n", "epoch,loss,val_loss\n0,3.0,3.0\n0,1.0,1.0\n"},
      {",append=true", "epoch,loss,val_loss\r\n0,3.0,3.0\r\n",
       "epoch,loss,val_loss\r\n0,3.0,3.0\r\n0,1.0,1.0\n"},
      {",append=true", "epoch,loss,val_loss\n0,3.0", "epoch,loss,val_loss\n0,3.0\n0,1.0,1.0\n"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.before);
    const TemporaryDirectory directory;
    static_cast<void>(directory.put("log.csv", row.before));
    Driver run({{"CSVLogger:filename=log.csv" + row.options}, directory.path()});
    run.fit(losses({1}));
    CHECK(content_of(directory / "log.csv") == row.after);
  }
}

TEST_CASE("CSVLogger does not append to a file with other columns", "[plugins]") {
  const TemporaryDirectory directory;
  for (const std::string before :
       {"epoch,loss\n0,1.0\n", "epoch,loss,val_loss,val_mae\n", "text without an end"}) {
    static_cast<void>(directory.put("log.csv", before));
    Plan plan{{"CSVLogger:filename=log.csv,append=true,on_error=fatal"}, directory.path()};
    const std::string text = refusal_of(plan);
    CHECK_THAT(text, Contains("has other columns; found \"" + before.substr(0, 10)));
    CHECK_THAT(text, Contains("expected \"epoch,loss,val_loss\". Choose another file, or set append=false to "
                              "replace it"));
    CHECK(content_of(directory / "log.csv") == before);
  }
}

TEST_CASE("CSVLogger appends to the file of a resumed run, without duplicate rows", "[plugins]") {
  const TemporaryDirectory directory;
  const Plan plan{{"CSVLogger:filename=log.csv", "EarlyStopping:patience=9"}, directory.path()};
  const std::vector<EpochLogs> epochs = losses({4, 3, 2, 1});
  Driver before(plan);
  before.begin();
  before.epoch(epochs[0]);
  before.epoch(epochs[1]);
  const std::string state = before.callbacks().save_state();
  before.epoch(epochs[2]);
  std::ofstream(directory / "log.csv", std::ios::app) << "3,1";  // Killed while writing.
  Driver after(plan);
  after.resume(state, 2);
  after.fit(epochs);
  CHECK(content_of(directory / "log.csv") ==
        "epoch,loss,val_loss\n0,4.0,4.0\n1,3.0,3.0\n2,2.0,2.0\n3,1.0,1.0\n");
}

TEST_CASE("CSVLogger cuts a file that was appended to where its state ends", "[plugins]") {
  const TemporaryDirectory directory;
  static_cast<void>(directory.put("log.csv", "epoch,loss,val_loss\n0,9.0,9.0\n1,8.0,8.0\n"));
  const Plan plan{{"CSVLogger:filename=log.csv,append=true"}, directory.path()};
  const std::vector<EpochLogs> epochs = losses({4, 3});
  Driver before(plan);
  before.begin();
  const std::string state = before.callbacks().save_state();  // inside the first epoch
  before.epoch(epochs[0]);
  Driver after(plan);
  after.resume(state, 0);
  after.fit(epochs);
  CHECK(content_of(directory / "log.csv") ==
        "epoch,loss,val_loss\n0,9.0,9.0\n1,8.0,8.0\n0,4.0,4.0\n1,3.0,3.0\n");
}

TEST_CASE("CSVLogger goes on with a file that is shorter than its state says", "[plugins]") {
  const TemporaryDirectory directory;
  const Plan plan{{"CSVLogger:filename=log.csv"}, directory.path()};
  const std::vector<EpochLogs> epochs = losses({4, 3, 2});
  Driver before(plan);
  before.begin();
  before.epoch(epochs[0]);
  before.epoch(epochs[1]);
  const std::string state = before.callbacks().save_state();
  static_cast<void>(directory.put("log.csv", "epoch,loss,val_loss\n0,4.0,4.0\n1,3"));  // a power cut
  Driver after(plan);
  after.resume(state, 2);
  after.fit(epochs);
  CHECK(content_of(directory / "log.csv") == "epoch,loss,val_loss\n0,4.0,4.0\n2,2.0,2.0\n");
  REQUIRE(after.messages.size() == 1);
  CHECK_THAT(after.messages[0],
             Contains("log.csv has 33 bytes, but had 40 bytes when the run was saved: earlier rows are lost. "
                      "To keep them, end this run, restore the file and resume again"));
}

TEST_CASE("CSVLogger warns of rows that are lost with a file that was removed before a resume", "[plugins]") {
  struct Case {
    std::string options;
    std::int64_t epochs;
    bool removed, warned;
    const char* reason;
  };
  const Case table[] = {
      {"", 1, true, true, "a row"},
      {"", 1, false, false, "the file is there"},
      {"", 0, true, false, "only the header, which is written again"},
      {",append=true", 0, true, true, "rows of other runs, perhaps"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.reason);
    const TemporaryDirectory directory;
    const Plan plan{{"CSVLogger:filename=log.csv" + row.options}, directory.path()};
    Driver before(plan);
    before.begin();
    for (std::int64_t i = 0; i < row.epochs; ++i) before.epoch({{4}, {4}});
    const std::string state = before.callbacks().save_state();
    if (row.removed) std::filesystem::remove(directory / "log.csv");
    Driver after(plan);
    after.resume(state, row.epochs);
    after.begin();
    REQUIRE(after.messages.size() == (row.warned ? 1 : 0));
    if (row.warned)
      CHECK_THAT(after.messages[0], Contains("log.csv is missing or empty, but had ") &&
                                        Contains(" bytes when the run was saved: earlier rows are lost."));
  }
}

TEST_CASE("CSVLogger is disabled and the run continues if its file cannot be written", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"CSVLogger:filename=log.csv"}, directory.path()});
  {
    const FileSizeLimit limit(20);  // the header only
    run.fit(losses({1, 1}));
  }
  CHECK(run.epochs_run() == 2);
  REQUIRE(!run.messages.empty());
  CHECK_THAT(run.messages[0],
             Contains("cannot write ") && Contains("log.csv: File too large") && Contains("It is disabled"));
}

TEST_CASE("CSVLogger rejects unwritable files before training", "[plugins]") {
  const TemporaryDirectory directory;
  static_cast<void>(directory.put("file", "x"));
  std::filesystem::create_directory(directory / "folder");
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"", "the option is required and not set"},
      {":filename=folder", "is a directory. Name a file in it"},
      {":filename=file/log.csv", "is not a writable directory. Choose another path"},
      {":filename=log.csv,separator=ab", "separator is \"ab\"; expected one character"},
      {":filename=log.csv,separator='\"'",
       "expected one character other than a quotation mark or line break"},
      {":filename=log.csv,separator=", "separator is \"\"; expected one character"},
      {":filename=log.csv,append=perhaps", "the value is not of type bool"},
      {":file=log.csv", "no such option"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"CSVLogger" + row.options}, directory.path()}), Contains(row.sentence));
  }
}
