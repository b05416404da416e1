// SPDX-License-Identifier: MIT
// What a loop of one's own may call when, and what it is told where it errs.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "host/error_text.hpp"
#include "host/plugin/rig.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/callbacks.hpp"
#include "kairos/host/error.hpp"
#include "plugins/stub_target.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

/// Callbacks of a run that validates, with the calls of a loop by their names.
struct Loop {
  explicit Loop(bool validates = true) {
    CallbacksOptions options;
    options.keys = {{"loss", Direction::Min}, {"mae", Direction::Min}};
    options.validates = validates;
    callbacks.emplace(catalog, std::span<const PluginSpec>(), target, options);
  }
  void call(const std::string& name) { calls.at(name)(); }
  void calls_of(std::initializer_list<const char*> names) {
    for (const char* name : names) call(name);
  }

  StubTarget target{0.1};
  Catalog catalog;
  LogValues logs{0.5, 0.25};
  std::int64_t epoch = 0, batch = 0;
  std::optional<Callbacks> callbacks;
  std::map<std::string, std::function<void()>> calls = {
      {"setup", [this] { callbacks->setup({}); }},
      {"load_state", [this] { callbacks->load_state(state); }},
      {"save_state", [this] { state = callbacks->save_state(); }},
      {"train_begin", [this] { callbacks->train_begin(); }},
      {"epoch_begin", [this] { callbacks->epoch_begin(epoch++); }},
      {"train_batch_begin", [this] { callbacks->train_batch_begin(batch++, 1); }},
      {"gradients_ready", [this] { callbacks->gradients_ready(); }},
      {"train_batch_end", [this] { callbacks->train_batch_end(logs); }},
      {"test_begin", [this] { callbacks->test_begin(2); }},
      {"test_batch_begin", [this] { callbacks->test_batch_begin(batch++, 1); }},
      {"test_batch_end", [this] { callbacks->test_batch_end(logs); }},
      {"test_end", [this] { callbacks->test_end(logs); }},
      {"epoch_end", [this] { callbacks->epoch_end(logs, nullptr); }},
      {"train_end", [this] { callbacks->train_end(RunEnd::Completed); }},
      {"train_end early", [this] { callbacks->train_end(RunEnd::Interrupted); }},
      {"predict_begin", [this] { callbacks->predict_begin(); }},
      {"predict_batch_begin", [this] { callbacks->predict_batch_begin(batch++, 1); }},
      {"predict_batch_end", [this] { callbacks->predict_batch_end(); }},
      {"predict_end", [this] { callbacks->predict_end(); }},
      {"fault", [this] { callbacks->fault("", "", "broken"); }},
      {"interrupt", [this] { callbacks->interrupt(2); }},
      {"finish", [this] { callbacks->finish(RunEnd::Completed); }},
  };
  std::string state = Loop::empty_state();

 private:
  static std::string empty_state() {
    StubTarget none{0.1};
    Callbacks callbacks(Catalog(), std::span<const PluginSpec>(), none, {});
    callbacks.setup({});
    return callbacks.save_state();
  }
};

struct StageCase {
  const char* name;
  std::vector<const char*> path;
  std::set<std::string> allowed;
};

/// As the table in callbacks.hpp.
const std::vector<StageCase>& stage_cases() {
  static const std::vector<StageCase> cases = {
      {"created", {}, {"setup"}},
      {"ready", {"setup"}, {"load_state", "train_begin", "test_begin", "predict_begin"}},
      {"between epochs", {"setup", "train_begin"}, {"epoch_begin", "train_end", "train_end early"}},
      {"behind an epoch",
       {"setup", "train_begin", "epoch_begin", "epoch_end"},
       {"epoch_begin", "train_end", "train_end early"}},
      {"in an epoch",
       {"setup", "train_begin", "epoch_begin"},
       {"train_batch_begin", "test_begin", "epoch_end", "train_end early"}},
      {"in a batch",
       {"setup", "train_begin", "epoch_begin", "train_batch_begin"},
       {"gradients_ready", "train_batch_end", "train_end early"}},
      {"behind the gradients",
       {"setup", "train_begin", "epoch_begin", "train_batch_begin", "gradients_ready"},
       {"train_batch_end", "train_end early"}},
      {"in a validation",
       {"setup", "train_begin", "epoch_begin", "test_begin"},
       {"test_batch_begin", "test_end", "train_end early"}},
      {"in a batch of a validation",
       {"setup", "train_begin", "epoch_begin", "test_begin", "test_batch_begin"},
       {"test_batch_end", "train_end early"}},
      {"behind a validation",
       {"setup", "train_begin", "epoch_begin", "test_begin", "test_end"},
       {"train_batch_begin", "test_begin", "epoch_end", "train_end early"}},
      {"in a test", {"setup", "test_begin"}, {"test_batch_begin", "test_end"}},
      {"in a batch of a test", {"setup", "test_begin", "test_batch_begin"}, {"test_batch_end"}},
      {"in a prediction", {"setup", "predict_begin"}, {"predict_batch_begin", "predict_end"}},
      {"in a batch of a prediction",
       {"setup", "predict_begin", "predict_batch_begin"},
       {"predict_batch_end"}},
      {"behind a test",
       {"setup", "test_begin", "test_batch_begin", "test_batch_end", "test_end"},
       {"load_state", "train_begin", "test_begin", "predict_begin"}},
      {"trained", {"setup", "train_begin", "train_end"}, {"test_begin", "predict_begin"}},
      {"trained and tested",
       {"setup", "train_begin", "train_end", "test_begin", "test_end"},
       {"test_begin", "predict_begin"}},
      {"finished", {"setup", "finish"}, {}},
  };
  return cases;
}

}  // namespace

TEST_CASE("Every call in every stage is made or refused as the table says", "[host][plugin]") {
  for (const StageCase& stage : stage_cases()) {
    Loop names;
    for (const auto& [call, unused] : names.calls) {
      INFO(stage.name << ": " << call);
      Loop loop;
      for (const char* step : stage.path) loop.call(step);
      const bool started = stage.path.size() > 0 && std::string(stage.name) != "finished";
      const bool always =
          call == "fault" || call == "finish" || (started && (call == "save_state" || call == "interrupt"));
      if (always || stage.allowed.contains(call)) {
        CHECK_NOTHROW(loop.call(call));
        continue;
      }
      const std::string text = error_of([&, call = call] { return loop.call(call), 0; });
      const std::string plain = call.substr(0, call.find(' '));
      CHECK_THAT(text, Contains("Callbacks::" + plain + ": "));
      CHECK_THAT(text, Contains(std::string(stage.name) == "finished" ? "KAIROS-C036" : "KAIROS-C030"));
      CHECK_THAT(text, Contains("found ") && Contains("expected ") &&
                           (Contains(". Call ") || Contains(". Create new Callbacks")));
    }
  }
}

TEST_CASE("A call out of order names itself, the stage, and what to call first", "[host][plugin]") {
  struct Case {
    std::vector<const char*> calls;
    const char* sentence;
  };
  const auto row = GENERATE(
      Case{{"train_begin"},
           "KAIROS-C030: Callbacks::train_begin: the call is out of order; found before setup, expected "
           "after setup, before train_begin. Call setup first."},
      Case{{"setup", "epoch_begin"},
           "KAIROS-C030: Callbacks::epoch_begin: the call is out of order; found after setup, before "
           "train_begin, expected between epochs. Call train_begin first."},
      Case{{"setup", "setup"},
           "KAIROS-C030: Callbacks::setup: the call is out of order; found after setup, before train_begin, "
           "expected before setup. Call setup once."},
      Case{{"setup", "train_begin", "epoch_begin", "epoch_end", "epoch_end"},
           "KAIROS-C030: Callbacks::epoch_end: the call is out of order; found between epochs, expected "
           "inside an epoch, between batches. Call epoch_begin first."},
      Case{{"setup", "train_begin", "load_state"},
           "KAIROS-C030: Callbacks::load_state: the call is out of order; found between epochs, expected "
           "after setup, before train_begin. Call load_state before train_begin."},
      Case{
          {"setup", "train_begin", "epoch_begin", "train_batch_end"},
          "KAIROS-C030: Callbacks::train_batch_end: the call is out of order; found inside an epoch, between "
          "batches, expected inside a training batch; or after gradients_ready, inside a training batch. "
          "Call train_batch_begin first."},
      Case{{"setup", "train_begin", "epoch_begin", "train_end"},
           "KAIROS-C030: Callbacks::train_end: the call is out of order; found inside an epoch, between "
           "batches, expected between epochs. Call epoch_end first."},
      Case{{"setup", "train_begin", "epoch_begin", "test_begin", "epoch_end"},
           "KAIROS-C030: Callbacks::epoch_end: the call is out of order; found inside a validation, between "
           "batches, expected inside an epoch, between batches. Call test_end first."},
      Case{{"setup", "test_batch_begin"},
           "KAIROS-C030: Callbacks::test_batch_begin: the call is out of order; found after setup, before "
           "train_begin, expected inside a validation, between batches; or inside a test, between batches. "
           "Call test_begin first."},
      Case{{"setup", "train_begin", "train_end", "train_begin"},
           "KAIROS-C030: Callbacks::train_begin: the call is out of order; found after train_end, expected "
           "after setup, before train_begin. Create new Callbacks for another training."},
      Case{{"setup", "finish", "train_begin"},
           "KAIROS-C036: Callbacks::train_begin: the callbacks are finished; found a call after finish, "
           "expected none. Create new Callbacks for another run."});
  Loop loop;
  for (std::size_t i = 0; i + 1 < row.calls.size(); ++i) loop.call(row.calls[i]);
  CHECK(error_of([&] { return loop.call(row.calls.back()), 0; }) == row.sentence);
}

TEST_CASE("Epochs and batches are counted upwards", "[host][plugin]") {
  Loop loop;
  loop.calls_of({"setup", "train_begin"});
  Callbacks& c = *loop.callbacks;
  CHECK_THROWS_WITH(
      c.epoch_begin(-1),
      "KAIROS-C033: Callbacks::epoch_begin: the epoch number is not greater than the last one; found -1, "
      "expected 0 or more. Count the epochs of a run upwards from 0.");
  c.epoch_begin(3);
  c.train_batch_begin(4, 1);
  c.train_batch_end(loop.logs);
  c.test_begin(-1);
  c.test_batch_begin(0, 1);
  c.test_batch_end(loop.logs);
  CHECK_THROWS_WITH(c.test_batch_begin(0, 1),
                    Contains("Callbacks::test_batch_begin") && Contains("1 or more"));
  c.test_end(loop.logs);
  CHECK_THROWS_WITH(
      c.train_batch_begin(4, 1),
      "KAIROS-C034: Callbacks::train_batch_begin: the batch number is not greater than the last one; found "
      "4, expected 5 or more. Count the batches of a pass upwards from 0.");
  c.train_batch_begin(5, 1);
  c.train_batch_end(loop.logs);
  c.epoch_end(loop.logs, nullptr);
  CHECK_THROWS_WITH(c.epoch_begin(3), Contains("KAIROS-C033"));
  c.epoch_begin(4);
  c.train_batch_begin(0, 1);
}

TEST_CASE("Another number of log values than keys is refused wherever logs are given", "[host][plugin]") {
  for (const std::vector<double>& values :
       {std::vector<double>{}, std::vector<double>{1}, std::vector<double>{1, 2, 3}}) {
    const auto sentence = [&](const char* call) {
      return "KAIROS-C031: Callbacks::" + std::string(call) + ": the number of log values is wrong; found " +
             std::to_string(values.size()) +
             ", expected 2, one for each of CallbacksOptions::keys. Give one value for each key, in order.";
    };
    LogValues wrong(values);
    Loop loop;
    Callbacks& c = *loop.callbacks;
    loop.calls_of({"setup", "train_begin", "epoch_begin", "train_batch_begin"});
    CHECK_THROWS_WITH(c.train_batch_end(wrong), sentence("train_batch_end"));
    loop.calls_of({"train_batch_end", "test_begin", "test_batch_begin"});
    CHECK_THROWS_WITH(c.test_batch_end(wrong), sentence("test_batch_end"));
    loop.call("test_batch_end");
    CHECK_THROWS_WITH(c.test_end(wrong), sentence("test_end"));
    loop.call("test_end");
    CHECK_THROWS_WITH(c.epoch_end(wrong, nullptr), sentence("epoch_end"));
    CHECK_THROWS_WITH(c.epoch_end(loop.logs, &wrong), sentence("epoch_end"));
    c.epoch_end(loop.logs, &loop.logs);
  }
}

TEST_CASE("A value that a source leaves out is not recorded as a perfect loss", "[host][plugin]") {
  class Forgetful : public LogSource {
   public:
    void read_logs(std::span<double> values) override { values[0] = 0.5; }
  } logs;
  Loop loop;
  loop.calls_of({"setup", "train_begin", "epoch_begin"});
  loop.callbacks->epoch_end(logs, nullptr);
  const std::vector<LogValue> values = loop.callbacks->epoch_values();
  CHECK(values[0].value == 0.5);
  CHECK(std::isnan(values[1].value));
}

TEST_CASE("A validation needs to be declared", "[host][plugin]") {
  Loop loop(false);
  loop.calls_of({"setup", "train_begin", "epoch_begin"});
  CHECK(error_of([&] { return loop.call("test_begin"), 0; }) ==
        "KAIROS-C032: Callbacks::test_begin: the loop validates, but did not declare it. Set "
        "CallbacksOptions::validates.");
  CHECK_THROWS_WITH(loop.callbacks->epoch_end(loop.logs, &loop.logs),
                    Contains("KAIROS-C032: Callbacks::epoch_end"));
  loop.calls_of({"epoch_end", "train_end", "test_begin", "test_end"});
}

TEST_CASE("Another thread than the one that made the callbacks is refused", "[host][plugin]") {
  Loop loop;
  std::string text;
  std::thread([&] { text = error_of([&] { return loop.call("setup"), 0; }); }).join();
  CHECK(text ==
        "KAIROS-C035: Callbacks::setup: the call comes from another thread; expected the thread that created "
        "the callbacks. Create and use the callbacks on the fit thread.");
  loop.call("setup");
}

TEST_CASE("A refused call reaches no callback, and the destructor tears down what is open",
          "[host][plugin]") {
  TemporaryDirectory dir;
  {
    Rig rig({"Recorder:file=" + (dir / "calls").string()});
    rig.callbacks->epoch_begin(0);
    LogValues logs{1.0};
    CHECK_THROWS(rig.callbacks->train_batch_end(logs));
    CHECK_THROWS(rig.callbacks->epoch_begin(1));
  }
  const std::string calls = content_of(dir / "calls");
  CHECK_THAT(calls, !Contains("on_train_batch_end"));
  CHECK(calls.find("on_epoch_begin") == calls.rfind("on_epoch_begin"));
  CHECK_THAT(calls, Contains("teardown"));
}
