// SPDX-License-Identifier: MIT
// What every bundled callback must survive: a run that goes on after any batch or epoch.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/temporary_directory.hpp"
#include "kairos/host/checkpoint.hpp"
#include "plugins/conformance/pages.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

/// Keeps a copy of the run after every batch and epoch.
struct EveryBatch final : host::CheckpointSink {
  std::vector<host::FitResumption> copies;

  bool wants(const host::FitPosition&) override { return true; }
  void take(host::FitCheckpoint checkpoint, const host::History& history) override {
    copies.push_back({std::move(checkpoint), history});
  }
  void take_last(host::FitCheckpoint checkpoint, const host::History& history, host::RunEnd) override {
    copies.push_back({std::move(checkpoint), history});
  }
};

/// The history without what clocks and the system measure.
std::string results(const host::History& history) {
  host::History compared = history;
  std::erase_if(compared.series, [](const host::History::Series& one) {
    return one.key.ends_with("seconds") || one.key.ends_with("per_second") ||
           one.key.starts_with("memory_") || one.key == "cpu_percent" || one.key == "system_load" ||
           one.key == "temperature_c";
  });
  return compared.json();
}

struct Saved {
  std::string state;
  float weight, rate;
  std::int64_t steps;
};

/// What a run that ends after `at` epochs has saved; its files are closed.
Saved saved_after(const Plan& plan, const std::vector<EpochLogs>& epochs, std::size_t at) {
  Driver run(plan);
  run.begin();
  for (std::size_t i = 0; i < at; ++i) run.epoch(epochs[i]);
  return {run.callbacks().save_state(), run.target.weight, run.target.rate, run.target.steps};
}

/// Whether the example needs what the stub does not have: data, or the layers or the optimizer that it names.
bool needs_a_model(const Example& example) {
  static const std::set<std::string> of_data = {
      "BatchSizeFinder", "ClassificationReport", "ConfusionMatrix", "CutMix",           "HardestSamples",
      "LRFinder",        "LabelSmoothing",       "Mixup",           "PredictionWriter", "SpikeDetector"};
  return !example.optimizer.empty() || example.plugin.find("dense") != std::string::npos ||
         of_data.count(host::parse_plugin_spec(example.plugin).target) != 0;
}

}  // namespace

TEST_CASE("Every bundled callback trains the same model in a run that goes on after any batch", "[plugins]") {
  for (const Example& example : page_examples()) {
    EveryBatch sink;
    SmallRun whole(example);
    whole.options.checkpoints = &sink;
    const Outcome expected = whole.fit();
    REQUIRE(expected.error == "");
    REQUIRE(sink.copies.size() >= 2);
    for (const host::FitResumption& copy : sink.copies) {
      CAPTURE(example.plugin, copy.checkpoint.position.text());
      SmallRun rest(example);
      rest.options.resume_from = &copy;
      const Outcome found = rest.fit();
      CHECK(found.error == "");
      CHECK(found.weights == expected.weights);
      CHECK(results(found.history) == results(expected.history));
      CHECK(found.history.stop.has_value() == expected.history.stop.has_value());
    }
  }
}

TEST_CASE("Bundled callbacks decide the same in a run that was resumed after any epoch", "[plugins]") {
  std::vector<EpochLogs> epochs;
  for (const double loss : {3., 2., 2.5, 2.5, 1., 1.5, 1.5, 1.5})
    epochs.push_back({{loss, 1 / loss}, {loss, 1 / loss}, {{loss + .1, .3}, {loss, 1 / loss}}});
  for (const Example& example : page_examples()) {
    if (needs_a_model(example)) continue;
    const TemporaryDirectory directory;
    Plan plan{{example.plugin}, directory / "whole"};
    plan.keys = {{"loss", host::Direction::Min}, {"accuracy", host::Direction::Max}};
    plan.epochs = static_cast<std::int64_t>(epochs.size());
    plan.steps = 2;
    Driver whole(plan);
    whole.fit(epochs);
    for (std::size_t at = 1; at < static_cast<std::size_t>(whole.epochs_run()); ++at) {
      CAPTURE(example.plugin, at);
      plan.directory = directory / std::to_string(at);
      const Saved saved = saved_after(plan, epochs, at);
      Driver pieces(plan);
      pieces.resume(saved.state, static_cast<std::int64_t>(at));
      pieces.target.weight = saved.weight;
      pieces.target.rate = saved.rate;
      pieces.target.steps = saved.steps;
      pieces.fit(epochs);
      CHECK(pieces.epochs_run() == whole.epochs_run());
      CHECK(pieces.stop_reason() == whole.stop_reason());
      CHECK(pieces.target.weight == whole.target.weight);
      CHECK(pieces.target.rate == whole.target.rate);
      const auto skipped = static_cast<std::ptrdiff_t>(at);
      CHECK(pieces.rates == std::vector<double>(whole.rates.begin() + skipped, whole.rates.end()));
    }
  }
}
