// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/file_size_limit.hpp"
#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

std::string pruning_spec(const TemporaryDirectory& dir, const std::string& more) {
  return "Pruning:trials=" + (dir / "t.csv").string() + ",trial=me" + more;
}

/// Lines of complete trials with these values.
std::string complete_trials(const std::vector<std::vector<double>>& trials) {
  std::string text = "trial,epoch,value\n";
  for (std::size_t t = 0; t < trials.size(); ++t) {
    const std::string name = "t" + std::to_string(t);
    for (std::size_t e = 0; e < trials[t].size(); ++e)
      text += name + ',' + std::to_string(e + 1) + ',' + std::to_string(trials[t][e]) + '\n';
    text += name + ",complete,\n";
  }
  return text;
}

struct PruningCase {
  std::string options;
  std::vector<std::vector<double>> others;
  std::vector<double> values;
  std::int64_t epochs;  ///< that run
  std::string reason;
  const char* why;
};

void check_pruning(const PruningCase& row) {
  CAPTURE(row.options, row.values, row.why);
  const TemporaryDirectory dir;
  static_cast<void>(dir.put("t.csv", complete_trials(row.others)));
  Driver run({{pruning_spec(dir, row.options)}});
  run.fit(losses(row.values));
  CHECK(run.epochs_run() == row.epochs);
  CHECK(run.stop_reason() == row.reason);
}

}  // namespace

TEST_CASE("Pruning by the median decides as Optuna does", "[plugins]") {
  const std::string rule = ",rule=median,n_startup_trials=1";
  const PruningCase table[] = {
      {rule, {{3, 2, 1}}, {3, 2, 1}, 3, "", "equal is not worse"},
      {rule, {{3, 2, 1}}, {2, 2.5, 1}, 3, "", "its best value counts, not the last one"},
      {rule,
       {{3, 2, 1}},
       {3, 2.5, 1},
       2,
       "pruned: the best value, 2.5, is worse than 2, the median of epoch 2 in 1 complete trial",
       "worse"},
      {rule, {{1}, {3}, {9}}, {3, 9}, 2, "", "later epochs than any other"},
      {rule,
       {{1}, {3}},
       {2.5},
       1,
       "pruned: the best value, 2.5, is worse than 2, the median of epoch 1 in 2 complete trials",
       "two values in the middle"},
      {rule, {{1}, {3}, {9}}, {3}, 1, "", "the one in the middle"},
      {",rule=median,n_startup_trials=3", {{1, 1}, {1, 1}}, {9, 9}, 2, "", "too few complete trials"},
      {",rule=median", {{1}, {1}, {1}, {1}}, {9}, 1, "", "five by default"},
      {rule, {}, {9}, 1, "", "no other trial"},
      {rule + ",n_warmup_steps=1",
       {{1, 1}},
       {9, 9},
       2,
       "pruned: the best value, 9, is worse than 1, the median of epoch 2 in 1 complete trial",
       "after the warm-up"},
      {rule, {{1, 1}}, {quiet_nan, 9}, 1, "pruned: all values so far are nan", "no number yet"},
      {rule,
       {{quiet_nan, 1}, {2, 1}},
       {1.5, quiet_nan, 1},
       2,
       "pruned: the best value, 1.5, is worse than 1, the median of epoch 2 in 2 complete trials",
       "NaN of others and later ones are left out"},
      {rule, {{inf, 1}}, {9, 1}, 2, "", "infinity is a value"},
      {rule + ",monitor=loss,mode=max",
       {{3, 3}},
       {2, 9},
       1,
       "pruned: the best value, 2, is worse than 3, the median of epoch 1 in 1 complete trial",
       "larger is better"},
      {",rule=none", {{1, 1}}, {9, 9}, 2, "", "only reports"},
  };
  for (const PruningCase& row : table) check_pruning(row);
}

TEST_CASE("Pruning by halving decides as Optuna does", "[plugins]") {
  const std::string rule = ",rule=halving,reduction_factor=2";
  const PruningCase table[] = {
      {rule, {}, {9, 9, 9}, 3, "", "the first trial goes on"},
      {rule,
       {{5}},
       {6, 1},
       1,
       "pruned: the value 6 of epoch 1 is not among the best 1 of 2 trials",
       "the second, if it is the best"},
      {rule, {{5}}, {5, 1}, 2, "", "equal is as good"},
      {rule, {{1}, {3}, {5}}, {3, 1}, 2, "", "the best half of four"},
      {rule,
       {{1}, {3}, {5}},
       {4, 1},
       1,
       "pruned: the value 4 of epoch 1 is not among the best 2 of 4 trials",
       "not in it"},
      {rule,
       {{1, 1, 1, 1}},
       {1, 1, 9, 9},
       4,
       "pruned: the value 9 of epoch 4 is not among the best 1 of 2 trials",
       "after 1, 2 and 4 epochs, not after 3"},
      {rule + ",min_resource=3",
       {{1, 1, 1, 1}},
       {9, 9, 9, 9},
       3,
       "pruned: the value 9 of epoch 3 is not among the best 1 of 2 trials",
       "not before min_resource"},
      {",rule=halving",
       {{1}, {2}},
       {3},
       1,
       "pruned: the value 3 of epoch 1 is not among the best 1 of 3 trials",
       "one of four by default"},
      {rule, {}, {quiet_nan, 1}, 1, "pruned: the value is nan", "NaN"},
      {rule, {{quiet_nan}, {3}, {5}}, {3}, 1, "", "NaN of others is not counted"},
      {rule + ",monitor=loss,mode=max",
       {{5}},
       {4},
       1,
       "pruned: the value 4 of epoch 1 is not among the best 1 of 2 trials",
       "larger is better"},
  };
  for (const PruningCase& row : table) check_pruning(row);
}

TEST_CASE("Pruning reports every epoch and how the trial ended", "[plugins]") {
  const TemporaryDirectory dir;
  Driver run({{pruning_spec(dir, ",rule=none")}});
  std::vector<EpochLogs> epochs = losses({1.5, 2});
  epochs.insert(epochs.begin() + 1, EpochLogs{{7}});  // without validation
  run.fit(epochs);
  CHECK(content_of(dir / "t.csv") == "trial,epoch,value\nme,begin,\nme,1,1.5\nme,3,2\nme,complete,\n");
  Driver again({{pruning_spec(dir, ",rule=halving")}});
  again.fit(losses({quiet_nan}));
  CHECK_THAT(content_of(dir / "t.csv"), Catch::Matchers::EndsWith("me,begin,\nme,1,nan\nme,pruned,\n"));
}

TEST_CASE("Pruning reads what others write, and nothing else", "[plugins]") {
  struct Row {
    std::string text, reason;
    const char* why;
  };
  const std::string worse =
      "pruned: the best value, 9, is worse than 2, the median of epoch 1 in 1 complete trial";
  const Row table[] = {
      {"a, b,1,2\na, b,complete,\n", worse, "a comma in the name"},
      {"a,1,2\r\na,complete,\r\n", worse, "line ends of Windows"},
      {"a,1,1\na,1,2\na,complete,\n", worse, "the later line of an epoch"},
      {"a,1,9\na,complete,\na,begin,\na,1,2\n", "", "begun again, and not complete"},
      {"a,1,2x\na,x,2\nno line\n,\na,complete,\n", "", "lines that are none"},
      {"a,1,2\na,complete,", "", "the last line is cut off"},
      {"a,1,2\na,complete,\na,1,1", worse, "and so may be its number"},
      {"me,1,2\nme,complete,\n", "", "an earlier trial of this name"},
  };
  for (const Row& row : table) {
    CAPTURE(row.why);
    const TemporaryDirectory dir;
    static_cast<void>(dir.put("t.csv", row.text));
    Driver run({{pruning_spec(dir, ",n_startup_trials=1")}});
    run.fit(losses({9}));
    CHECK(run.stop_reason() == row.reason);
  }
}

TEST_CASE("Pruning by halving compares when a validation is there", "[plugins]") {
  const TemporaryDirectory dir;
  // Validations after the epochs 2, 4 and 5: the rungs 1 and 2 are compared after 2, the rung 4 after 4.
  static_cast<void>(dir.put("t.csv", "trial,epoch,value\na,3,5\na,5,1\n"));
  const auto run = [&dir](double second) {
    Driver trial({{pruning_spec(dir, ",rule=halving,reduction_factor=2")}});
    std::vector<EpochLogs> epochs(5, EpochLogs{{7}});
    for (const std::size_t i : {1, 3, 4}) epochs[i].validation = {i == 1 ? second : 2};
    trial.fit(epochs);
    return trial.stop_reason();
  };
  CHECK(run(6) == "pruned: the value 6 of epoch 2 is not among the best 1 of 2 trials");
  CHECK(run(5) == "pruned: the value 2 of epoch 4 is not among the best 1 of 2 trials");
}

TEST_CASE("Pruning does not wait for ever for a lock", "[plugins]") {
  const TemporaryDirectory dir;
  const int other = ::open(dir.put("t.csv", "").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(other, LOCK_EX) == 0);
  CHECK_THAT(refusal_of({{pruning_spec(dir, "")}}),
             Contains("cannot lock " + (dir / "t.csv").string() +
                      ": another program has held its lock for 5 seconds. End it"));
  ::close(other);
  CHECK(refusal_of({{pruning_spec(dir, "")}}).empty());
}

TEST_CASE("Pruning leaves its file as it was if the disk is full", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string text = complete_trials({{1, 2}});
  static_cast<void>(dir.put("t.csv", text + "torn"));
  {
    const FileSizeLimit limit(text.size() + 6);  // a part of the line
    CHECK_THAT(refusal_of({{pruning_spec(dir, "")}}), Contains("cannot write " + (dir / "t.csv").string()));
  }
  CHECK(content_of(dir / "t.csv") == text);
}

TEST_CASE("Pruning refuses a file that no other trial has", "[plugins]") {
  const TemporaryDirectory dir;
  const auto refusal = [&dir](const std::string& file, const std::string& rule) {
    return refusal_of({{"Pruning:trials=" + (dir / file).string() + ",rule=" + rule}, dir / "run7"});
  };
  CHECK_THAT(
      refusal("run7/t.csv", "median"),
      Contains("trials is " + (dir / "run7/t.csv").string() +
               ", in the run directory, and no other trial has this file: relative paths are in the run "
               "directory. Give one absolute path to all trials, such as trials=\"$PWD/trials.csv\""));
  CHECK(refusal("run7/t.csv", "none").empty());
  CHECK(refusal("run70/t.csv", "median").empty());
  CHECK(refusal("t.csv", "median").empty());
}

TEST_CASE("Pruning loses no line when trials report at the same time", "[plugins]") {
  const TemporaryDirectory dir;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      Driver run({{"Pruning:rule=none,trials=" + (dir / "t.csv").string() + ",trial=" + std::to_string(i)}});
      run.fit(losses(std::vector<double>(50, 1.25)));
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  const std::string text = content_of(dir / "t.csv");
  CHECK(std::count(text.begin(), text.end(), '\n') == 1 + 4 * 52);
  CHECK(text.find("trial,", 1) == std::string::npos);
}

TEST_CASE("Pruning stops when its parent says so", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string stop_file = (dir / "stop").string();
  Driver run({{pruning_spec(dir, ",rule=none,stop_file=" + stop_file)}});
  run.begin();
  CHECK(run.epoch(losses({1})[0]));
  static_cast<void>(dir.put("stop", "the others are better\nmore"));
  CHECK_FALSE(run.epoch(losses({1})[0]));
  run.end();
  CHECK(run.stop_reason() == "the others are better");
  static_cast<void>(dir.put("stop", ""));
  Driver empty({{pruning_spec(dir, ",rule=none,stop_file=" + stop_file)}});
  empty.fit(losses({1, 1}));
  CHECK(empty.stop_reason() == "the file " + stop_file + " exists");
}

TEST_CASE("Pruning goes on after a resume with what it has reported", "[plugins]") {
  const std::string options = ",n_startup_trials=1";
  const std::vector<double> values = {1, 3, 3, 3};
  const TemporaryDirectory dir;
  static_cast<void>(dir.put("t.csv", complete_trials({{2, 2, 0.5}})));
  const Plan plan{{pruning_spec(dir, options)}};
  const auto pieces = interrupted(plan, losses(values), 2);
  CHECK(pieces->stop_reason() ==
        "pruned: the best value, 1, is worse than 0.5, the median of epoch 3 in 1 complete trial");
  CHECK(pieces->epochs_run() == 3);
}

TEST_CASE("Pruning says what is missing", "[plugins]") {
  const TemporaryDirectory dir;
  CHECK_THAT(refusal_of({{"Pruning:trial=me,rule=none"}}),
             Contains("trials is not set, and rule=none needs it. Give one absolute path to all trials"));
  CHECK_THAT(refusal_of({{"Pruning:trials=" + (dir / "t.csv").string()}}),
             Contains("this trial has no name, because the run has no run directory. Set trial to a name"));
  CHECK_THAT(refusal_of({{"Pruning:trial=me,trials=" + dir.path().string()}}),
             Contains("is a directory. Name a file in it"));
  CHECK_THAT(refusal_of({{pruning_spec(dir, ",monitor=val_los")}}), Contains("val_los"));
  CHECK_THAT(refusal_of({{pruning_spec(dir, ",reduction_factor=1")}}), Contains("reduction_factor"));
  Plan unnamed{{"Pruning:trials=" + (dir / "t.csv").string()}, dir / "run7"};
  Driver run(unnamed);
  run.fit(losses({1}));
  CHECK_THAT(content_of(dir / "t.csv"), Contains("/run7,1,1\n"));
}
