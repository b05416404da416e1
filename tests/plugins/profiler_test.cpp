// SPDX-License-Identifier: MIT
// Profiler: the table, the JSON and the trace of what the host has measured.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;
using nlohmann::json;

namespace {

Settings profiler_in(const TemporaryDirectory& dir, const Settings& more = {}) {
  Settings settings{{"filename", (dir / "new/profile.json").string()},
                    {"trace", (dir / "new/trace.json").string()}};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

/// Ends after one epoch, with three hooks in the ledger.
std::vector<std::string> lines_after(const TemporaryDirectory& dir, const Settings& more = {}) {
  Fit fit(loaded("profiler", "kairos.Profiler"), profiler_in(dir, more));
  fit.host().ledger_elapsed = std::chrono::seconds(2);
  fit.host().ledger = {{"Early\"Stop", "on_epoch_end", 10, 4100, 1200, 0, 0, 0, 0, 1},
                       {"Saver", "on_epoch_end", 10, 500000000, 90000000, 0, 0, 0, 0, 0},
                       {"Average", "on_train_batch_end", 1000, 2000000, 5000, 3, 1000, 7, 8, 0}};
  fit.host().ledger_calls = {{0, 1000, 3500}, {2, 4000, 5000}};
  fit.epoch({{"loss", 1}});
  CHECK(fit.host().ledger_started.has_value());
  fit.end();
  std::vector<std::string> lines;
  for (const auto& line : fit.host().lines) lines.push_back(line.text);
  return lines;
}

}  // namespace

TEST_CASE("Profiler prints the hooks by their time, with what they changed, and names the slow one",
          "[plugins]") {
  const TemporaryDirectory dir;
  CHECK(lines_after(dir) ==
        std::vector<std::string>{
            "callbacks took 502.0 ms of 2.00 s (25.1 %)",
            "callback    hook                calls     total   share     mean  longest  changes",
            "Saver       on_epoch_end           10  500.0 ms  25.0 %  50.0 ms  90.0 ms",
            "Average     on_train_batch_end   1000    2.0 ms   0.1 %   2.0 us   5.0 us  rate x3, weights "
            "x1000, gradients x7, batch x8",
            "Early\"Stop  on_epoch_end           10    4.1 us   0.0 %   410 ns   1.2 us  stop x1",
            "the slow one is Saver: on_epoch_end took 25.0 % of the run, 90.0 ms at most for a call"});
}

TEST_CASE("Profiler prints as many rows as asked for, and no slow one that is not", "[plugins]") {
  const TemporaryDirectory dir;
  CHECK(lines_after(dir, {{"rows", 0}, {"slow", 0.5}}).size() == 1);
  CHECK(lines_after(dir, {{"rows", 1}, {"slow", 0.5}}).size() == 3);
}

TEST_CASE("Profiler writes JSON and a trace in the Trace Event Format", "[plugins]") {
  const TemporaryDirectory dir;
  lines_after(dir);
  const json profile = json::parse(content_of(dir / "new/profile.json"));
  CHECK(profile.at("seconds") == 2.0);
  CHECK(profile.at("hooks").size() == 3);
  CHECK(profile.at("hooks").at(1) == json::parse(R"({"callback":"Average","hook":"on_train_batch_end",
    "calls":1000,"seconds":0.002,"longest":5e-6,"set_rate":3,"wrote_weights":1000,"wrote_gradients":7,
    "wrote_batches":8,"stopped":0})"));
  const json trace = json::parse(content_of(dir / "new/trace.json"));
  CHECK(trace.at("displayTimeUnit") == "ms");
  const json& events = trace.at("traceEvents");
  REQUIRE(events.size() == 1 + 3 + 2);
  CHECK(events.at(1).at("args").at("name") == "Early\"Stop");
  CHECK(events.at(4) == json::parse(R"({"ph":"X","pid":1,"tid":1,"name":"on_epoch_end","cat":"Early\"Stop",
    "ts":1.0,"dur":2.5})"));
  CHECK(events.at(5).at("tid") == 3);
}

TEST_CASE("In a training, Profiler has every callback with its calls and changes", "[plugins]") {
  using namespace kairos::host;
  const TemporaryDirectory dir;
  Dataset data;
  data.inputs = {{"", {{24, 2}, std::vector<float>(48, 0.5F)}}};
  data.targets = {{"", {{24}, std::vector<float>(24, 1)}}};
  data.origin = "rows";
  CompileOptions compiled;
  compiled.optimizer = "SGD(learning_rate=0.01)";
  compiled.loss = "mse";
  const auto model = compile({{}, "dense(1)", {2}}, compiled);
  const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS});
  FitOptions options;
  options.catalog = &catalog;
  options.batch_size = 4;
  options.epochs = 3;
  options.plugins = {parse_plugin_spec("ExponentialMovingAverage"),
                     parse_plugin_spec("GradientClipping:clipvalue=0.1"),
                     parse_plugin_spec("LearningRateScheduler:schedule=lr*0.5"),
                     parse_plugin_spec("Timer:duration=0.000001s,interval=epoch"),
                     parse_plugin_spec("Profiler:filename=" + (dir / "p.json").string() +
                                       ",trace=" + (dir / "t.json").string())};
  (void)fit(*model, data, options);
  const json profile = json::parse(content_of(dir / "p.json"));
  double sum = 0;
  const auto entry = [&](const std::string& callback, const std::string& hook) {
    for (const json& one : profile.at("hooks"))
      if (one.at("callback") == callback && one.at("hook") == hook) return one;
    FAIL("no " << callback << " " << hook);
    return json();
  };
  for (const json& one : profile.at("hooks")) sum += one.at("seconds").get<double>();
  CHECK(sum <= profile.at("seconds").get<double>());
  CHECK(entry("ExponentialMovingAverage", "on_train_batch_end").at("calls") == 6);
  CHECK(entry("ExponentialMovingAverage", "on_train_end").at("wrote_weights") == 1);
  CHECK(entry("GradientClipping", "on_backward_end").at("wrote_gradients") == 6);
  CHECK(entry("GradientClipping", "on_backward_end").at("wrote_weights") == 0);
  CHECK(entry("LearningRateScheduler", "on_epoch_begin").at("set_rate") == 1);
  CHECK(entry("Timer", "on_epoch_end").at("stopped") == 1);
  CHECK(json::parse(content_of(dir / "t.json")).at("traceEvents").size() > 15);
}
