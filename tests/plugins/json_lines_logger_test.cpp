// SPDX-License-Identifier: MIT
// JSONLinesLogger: its lines, and what a resumed run does to them.
#include <catch2/catch.hpp>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

std::string written(const std::string& options, const std::vector<EpochLogs>& epochs) {
  const TemporaryDirectory directory;
  Driver run({{"JSONLinesLogger:filename=log.jsonl" + options}, directory.path()});
  run.fit(epochs);
  return content_of(directory / "log.jsonl");
}

}  // namespace

TEST_CASE("JSONLinesLogger writes an object for each epoch", "[plugins]") {
  struct Case {
    std::string options;
    std::vector<EpochLogs> epochs;
    std::string text;
    const char* reason;
  };
  const Case table[] = {
      {"",
       {{{.1}, {2}}, {{1e-20}, {-3.5}}},
       "{\"epoch\": 0, \"step\": 0, \"loss\": 0.1, \"val_loss\": 2}\n"
       "{\"epoch\": 1, \"step\": 0, \"loss\": 1e-20, \"val_loss\": -3.5}\n",
       "all digits"},
      {"",
       {{{quiet_nan}, {inf}}, {{-inf}}},
       "{\"epoch\": 0, \"step\": 0, \"loss\": \"NaN\", \"val_loss\": \"Infinity\"}\n"
       "{\"epoch\": 1, \"step\": 0, \"loss\": \"-Infinity\"}\n",
       "no JSON numbers, and no value"},
      {",log_freq=2",
       {{{1}, {}, {{3}, {2}, {1}}}, {{1}, {}, {{1}}}},
       "{\"epoch\": 0, \"batch\": 1, \"loss\": 2}\n{\"epoch\": 0, \"step\": 3, \"loss\": 1}\n"
       "{\"epoch\": 1, \"batch\": 0, \"loss\": 1}\n{\"epoch\": 1, \"step\": 4, \"loss\": 1}\n",
       "batches are counted across epochs"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.reason);
    CHECK(written(row.options, row.epochs) == row.text);
  }
}

TEST_CASE("JSONLinesLogger writes lines that are JSON, with odd keys and times too", "[plugins]") {
  const TemporaryDirectory directory;
  Plan plan{{"JSONLinesLogger:filename=new/log.jsonl,timestamps=true"}, directory.path()};
  plan.keys = {{"loss", host::Direction::Min}, {"a\\b", host::Direction::Max}};
  plan.validates = false;
  Driver run(plan);
  run.fit({{{1, 2}}});
  const nlohmann::json line = nlohmann::json::parse(content_of(directory / "new" / "log.jsonl"));
  CHECK(line["a\\b"] == 2);
  CHECK(line["time"].get<double>() > 1.7e9);
}

TEST_CASE("JSONLinesLogger writes each line once in a resumed run", "[plugins]") {
  std::vector<EpochLogs> epochs;
  for (const double loss : {5., 4., 3., 2.}) epochs.push_back({{loss}, {loss}, {{loss}, {loss}, {loss}}});
  for (const std::string options : {"", ",log_freq=2"}) {
    const std::string whole = written(options, epochs);
    for (std::size_t at = 1; at < epochs.size(); ++at) {
      CAPTURE(options, at);
      const TemporaryDirectory directory;
      const Plan plan{{"JSONLinesLogger:filename=log.jsonl" + options}, directory.path()};
      Driver before(plan);
      before.begin();
      for (std::size_t i = 0; i < at; ++i) before.epoch(epochs[i]);
      const std::string state = before.callbacks().save_state();
      const std::int64_t steps = before.target.steps;
      before.epoch(epochs[at]);  // Killed later: this epoch is trained again.
      std::ofstream(directory / "log.jsonl", std::ios::app) << "{\"epoch\": 9, \"st";
      Driver after(plan);
      after.resume(state, static_cast<std::int64_t>(at));
      after.target.steps = steps;
      after.fit(epochs);
      CHECK(content_of(directory / "log.jsonl") == whole);
    }
  }
}

TEST_CASE("JSONLinesLogger cuts a file that was appended to where its state ends", "[plugins]") {
  const TemporaryDirectory directory;
  const std::string foreign =
      "{\"epoch\": 0, \"step\": 7, \"loss\": 9}\n{\"epoch\": 5, \"step\": 8, \"loss\": 8}\n";
  static_cast<void>(directory.put("log.jsonl", foreign));
  const Plan plan{{"JSONLinesLogger:filename=log.jsonl,append=true,log_freq=1"}, directory.path()};
  Driver before(plan);
  before.begin();
  before.callbacks().epoch_begin(0);
  const auto batch = [](Driver& run, std::int64_t index) {
    host::LogValues logs({4});
    run.callbacks().train_batch_begin(index, 1);
    run.callbacks().train_batch_end(logs);
  };
  batch(before, 0);
  const std::string state = before.callbacks().save_state();  // inside the first epoch
  batch(before, 1);
  Driver after(plan);
  after.resume(state, 0);
  after.begin();
  const std::string line = "{\"epoch\": 0, \"batch\": 0, \"loss\": 4}\n";
  CHECK(content_of(directory / "log.jsonl") == foreign + line);
  // After a power cut, the file is shorter than the state says: no line of another run is removed.
  static_cast<void>(directory.put("log.jsonl", foreign));
  Driver again(plan);
  again.resume(state, 0);
  again.begin();
  CHECK(content_of(directory / "log.jsonl") == foreign);
  CHECK(after.messages.empty());
  REQUIRE(again.messages.size() == 1);
  CHECK_THAT(again.messages[0],
             Contains("log.jsonl has " + std::to_string(foreign.size()) + " bytes, but had ") &&
                 Contains(" when the run was saved: earlier lines are lost."));
  std::filesystem::remove(directory / "log.jsonl");
  Driver removed(plan);
  removed.resume(state, 0);
  removed.begin();
  REQUIRE(removed.messages.size() == 1);
  CHECK_THAT(removed.messages[0], Contains("log.jsonl is missing or empty, but had "));
}

TEST_CASE("JSONLinesLogger replaces a file, or appends to it", "[plugins]") {
  const TemporaryDirectory directory;
  const std::string line = "{\"epoch\": 0, \"step\": 0, \"loss\": 1, \"val_loss\": 1}\n";
  for (const std::string append : {"false", "false", "true"})
    Driver({{"JSONLinesLogger:filename=log.jsonl,append=" + append}, directory.path()}).fit(losses({1}));
  CHECK(content_of(directory / "log.jsonl") == line + line);
}

TEST_CASE("JSONLinesLogger rejects what it cannot write before training", "[plugins]") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "folder");
  static_cast<void>(directory.put("file", "x"));
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"", "the option is required and not set"},
      {":filename=folder", "is a directory. Name a file in it"},
      {":filename=file/log.jsonl", "is not a writable directory. Choose another path"},
      {":filename=log.jsonl,log_freq=0",
       "log_freq is \"0\"; expected epoch, or a number of batches of 1 or more"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"JSONLinesLogger" + row.options}, directory.path()}), Contains(row.sentence));
  }
}
