// SPDX-License-Identifier: MIT
// What every bundled callback must survive: short runs, stops and errors in any hook, values that are not
// finite, evaluation and prediction, and a second instance. Each is configured as its page shows, and ends
// the run when it fails.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "kairos/abi/option.h"
#include "kairos/host/plugins.hpp"
#include "plugins/conformance/pages.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;

/// Hooks of the troublemaker in a fit of three epochs of two batches, with one batch of validation.
constexpr int hooks_of_a_fit = 2 + 3 * (1 + 2 * 3 + 4 + 1) + 1;

std::string trouble(int at, const std::string& action) {
  return std::string(KAIROS_TEST_TROUBLEMAKER) + ":at=" + std::to_string(at) + ",action=" + action;
}

bool same_numbers(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
  return true;
}

/// The spec with other names for all files that it writes.
host::PluginSpec elsewhere(const std::string& text) {
  host::PluginSpec spec = host::parse_plugin_spec(text);
  spec.instance = "second";
  for (const host::OptionSpec& option : all_plugins().find(spec).callback->options) {
    if (option.type != KAIROS_TYPE_PATH || (option.flags & KAIROS_OPTION_WRITES) == 0) continue;
    const auto given = std::find_if(spec.options.begin(), spec.options.end(),
                                    [&](const host::PluginOption& one) { return one.key == option.name; });
    if (given != spec.options.end())
      given->value = "second/" + given->value;
    else if (!option.initial.text.empty())
      spec.options.push_back({option.name, "second/" + option.initial.text});
  }
  return spec;
}

}  // namespace

TEST_CASE("Every bundled callback has a page with an example", "[plugins]") {
  std::set<std::string> shown;
  for (const Example& example : page_examples())
    shown.insert(all_plugins().find(host::parse_plugin_spec(example.plugin)).callback->id);
  for (const host::Plugin& plugin : all_plugins().plugins())
    for (const host::CallbackManifest& callback : plugin.manifest.callbacks) {
      if (callback.id == "kairos.Troublemaker") continue;
      CAPTURE(callback.id);
      CHECK(shown.count(callback.id) == 1);
      CHECK_FALSE(callback.summary.empty());
      for (const host::OptionSpec& option : callback.options) CHECK_FALSE(option.help.empty());
    }
}

TEST_CASE("Every bundled callback runs in a fit, and in one without epochs", "[plugins]") {
  for (const Example& example : page_examples()) {
    CAPTURE(example.plugin);
    SmallRun run(example);
    CHECK(run.fit().error == "");
    SmallRun none(example);
    none.options.initial_epoch = none.options.epochs;
    const Outcome outcome = none.fit();
    CHECK(outcome.error == "");
    CHECK(outcome.history.epochs.empty());
  }
}

TEST_CASE("Every bundled callback ends well when a run is stopped in any hook", "[plugins]") {
  for (const Example& example : page_examples())
    for (int at = 0; at < hooks_of_a_fit; ++at) {
      CAPTURE(example.plugin, at);
      SmallRun run(example);
      run.load(trouble(at, "stop"));
      CHECK(run.fit().error == "");
    }
}

TEST_CASE("Every bundled callback ends well when another one fails in any hook", "[plugins]") {
  for (const Example& example : page_examples())
    for (int at = 0; at < hooks_of_a_fit; at += 2) {
      CAPTURE(example.plugin, at);
      SmallRun run(example);
      run.load(trouble(at, "fail"));
      // The error is the troublemaker's, if the callback did not end the run before. A step of both batches
      // of an epoch calls on_backward_end once.
      const Outcome outcome = run.fit();
      const bool one_step = example.plugin.starts_with("GradientAccumulation");
      if (!outcome.history.stop && at < hooks_of_a_fit - (one_step ? 3 : 0))
        CHECK_THAT(outcome.error, Contains("the trouble that was asked for"));
      for (const std::string& message : run.messages) CHECK_THAT(message, !Contains("failed"));
    }
}

TEST_CASE("Every bundled callback ends well when a signal arrives", "[plugins]") {
  for (const Example& example : page_examples()) {
    CAPTURE(example.plugin);
    SmallRun run(example);
    const std::atomic<int> signal = SIGTERM;
    run.options.interrupted = &signal;
    const Outcome outcome = run.fit();
    CHECK(outcome.error == "");
    CHECK(outcome.history.end == host::RunEnd::Interrupted);
  }
}

TEST_CASE("Every bundled callback survives values that are not finite", "[plugins]") {
  for (const Example& example : page_examples()) {
    CAPTURE(example.plugin);
    SmallRun run(example, "SGD(learning_rate=1e30)");
    const Outcome outcome = run.fit(points(8, 1e18F));
    // Ending such a run may be what the callback is for.
    if (!outcome.error.empty()) CHECK_THAT(outcome.error, Contains("invalid loss") || Contains("NaN"));
    const bool finite = std::all_of(outcome.weights.begin(), outcome.weights.end(),
                                    [](float weight) { return std::isfinite(weight); });
    CHECK((!finite || !example.optimizer.empty()));
  }
}

TEST_CASE("Every bundled callback runs without validation, or says that it needs one", "[plugins]") {
  for (const Example& example : page_examples()) {
    CAPTURE(example.plugin);
    SmallRun run(example);
    run.options.validation_data.reset();
    const Outcome outcome = run.fit();
    if (!outcome.error.empty()) CHECK_THAT(outcome.error, Contains("val_loss") || Contains("validation"));
  }
}

TEST_CASE("Every bundled callback can be loaded in an evaluation and in a prediction", "[plugins]") {
  for (const Example& example : page_examples()) {
    CAPTURE(example.plugin);
    SmallRun run(example);
    host::PassOptions options;
    options.catalog = &all_plugins();
    options.run_directory = run.directory.path();
    options.batch_size = 3;
    options.plugins.push_back(host::parse_plugin_spec(example.plugin));
    // The monitor or field of a validation does not exist in these, which is an error with a reason.
    const auto passes = [](auto pass) -> std::string {
      try {
        static_cast<void>(pass());
      } catch (const host::Error& error) {
        return error.what();
      }
      return "";
    };
    for (const std::string& error : {passes([&] { return host::evaluate(*run.model, points(7), options); }),
                                     passes([&] { return host::predict(*run.model, points(7), options); })})
      if (!error.empty()) CHECK_THAT(error, Contains("no such metric") || Contains("unknown field {val_"));
  }
}

TEST_CASE("Every bundled callback can be loaded twice", "[plugins]") {
  for (const Example& example : page_examples()) {
    CAPTURE(example.plugin);
    SmallRun run(example);
    run.options.plugins.front().instance = "first";
    run.options.plugins.push_back(elsewhere(example.plugin));
    const Outcome outcome = run.fit();
    if (!outcome.error.empty())
      CHECK_THAT(outcome.error, Contains("KAIROS-O015") || Contains("let one callback accumulate gradients"));
  }
}

TEST_CASE("Every bundled callback trains the same model twice", "[plugins]") {
  for (const Example& example : page_examples()) {
    CAPTURE(example.plugin);
    SmallRun first(example);
    SmallRun second(example);
    CHECK(same_numbers(first.fit().weights, second.fit().weights));
  }
}
