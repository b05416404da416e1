// SPDX-License-Identifier: MIT
// LRFinder: the decisions of Lightning's lr_find on the same losses, what it writes, and what it leaves
// behind.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::error_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& lr_finder() {
  return loaded("lr_finder", "kairos.LRFinder");
}

Settings finder_in(const TemporaryDirectory& dir, const Settings& more = {}) {
  Settings settings{{"filename", (dir / "new/lr.csv").string()}, {"plot", (dir / "new/lr.svg").string()}};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

/// A loss that falls most steeply at step 40 and explodes after 85.
double curve(std::int64_t step) {
  const auto k = static_cast<double>(step);
  return 2 - std::tanh((k - 40) / 10) + std::exp((k - 85) / 3);
}

/// A training whose trial steps have the losses of `curve`; `rates` gets the rate of each.
struct Searched {
  explicit Searched(const Settings& settings, const std::function<double(std::int64_t)>& loss = curve)
      : fit(lr_finder(), settings) {
    fit.host().training_samples = 10 * 32;
    fit.host().trial_loss = [this, loss](std::int64_t batch, std::int64_t) {
      CHECK(batch == static_cast<std::int64_t>(rates.size()) % 10);
      rates.push_back(fit.host().hyper.at("learning_rate"));
      return loss(static_cast<std::int64_t>(rates.size()) - 1);
    };
    fit.begin();
  }
  Fit fit;
  std::vector<double> rates;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("LRFinder suggests and stops where Lightning's lr_find does", "[plugins]") {
  // Computed by numpy from the formulas of Lightning with steps counted from 0: exponential smoothing without
  // bias, and numpy.gradient over the losses that are not skipped, as Lightning had it until August 2025.
  struct Case {
    double smoothing, threshold;
    int skip_begin, skip_end, steps;
    std::size_t tried, suggested;
    double last;
  };
  const Case table[] = {
      {0.98, 4, 10, 1, 100, 99, 48, 7.32677234347473},    {0.0, 4, 10, 1, 100, 90, 40, 4.793778791732623},
      {0.9, 4, 10, 1, 100, 94, 45, 5.064568419865883},    {0.9, 0, 10, 1, 100, 100, 45, 30.952429648823255},
      {0.9, 4, 0, 0, 100, 94, 45, 5.064568419865883},     {0.5, 4, 60, 5, 100, 91, 60, 5.125258186311398},
      {0.9, 1.5, 10, 1, 100, 89, 45, 1.7852712996761042}, {0.98, 4, 10, 1, 30, 30, 28, 2.9536407405840555}};
  for (const Case& row : table) {
    INFO(row.smoothing << ' ' << row.threshold << ' ' << row.skip_begin << ' ' << row.steps);
    const TemporaryDirectory dir;
    Searched run(finder_in(dir, {{"smoothing", row.smoothing},
                                 {"early_stop_threshold", row.threshold},
                                 {"skip_begin", row.skip_begin},
                                 {"skip_end", row.skip_end},
                                 {"num_training", row.steps},
                                 {"action", "apply"}}));
    REQUIRE(run.rates.size() == row.tried);
    CHECK(run.fit.learning_rate() == run.rates.at(row.suggested));
    const std::vector<std::string> table_lines = lines_of(content_of(dir / "new/lr.csv"));
    CHECK(table_lines.size() == row.tried + 1);
    CHECK(std::stod(table_lines.back().substr(table_lines.back().rfind(',') + 1)) == Approx(row.last));
  }
}

TEST_CASE("LRFinder tries rates from the first to the last, by powers or evenly", "[plugins]") {
  const TemporaryDirectory dir;
  const auto rates = [&](const char* mode) {
    return Searched(finder_in(dir, {{"mode", mode}, {"min_lr", 0.01}, {"max_lr", 1.0}, {"num_training", 3}}),
                    [](std::int64_t k) { return 3.0 - static_cast<double>(k); })
        .rates;
  };
  const std::vector<double> powers = rates("exponential"), even = rates("linear");
  REQUIRE(powers.size() == 3);
  REQUIRE(even.size() == 3);
  CHECK(powers[0] == Approx(0.01));
  CHECK(powers[1] == Approx(0.1));
  CHECK(powers[2] == Approx(1));
  CHECK(even[1] == Approx(0.505));
}

TEST_CASE("LRFinder stops, applies, or goes on as if nothing had been tried", "[plugins]") {
  const TemporaryDirectory dir;
  Searched stop(finder_in(dir));
  CHECK(stop.fit.stop_reason() == "the learning rate was searched");
  CHECK(stop.fit.learning_rate() == Approx(0.01));
  CHECK(stop.fit.host().printed("suggested learning rate: "));
  CHECK(stop.fit.host().printed("(step 49 of 99)"));
  Searched apply(finder_in(dir, {{"action", "apply"}}));
  CHECK_FALSE(apply.fit.stopped());
  CHECK(apply.fit.learning_rate() == apply.rates.at(48));
  Searched report(finder_in(dir, {{"action", "report"}}));
  CHECK_FALSE(report.fit.stopped());
  CHECK(report.fit.learning_rate() == Approx(0.01));
}

TEST_CASE("LRFinder suggests nothing from too few losses or from losses that do not fall", "[plugins]") {
  const TemporaryDirectory dir;
  Searched broken(finder_in(dir, {{"action", "apply"}}),
                  [](std::int64_t step) { return step == 5 ? std::nan("") : 1.0; });
  CHECK(broken.rates.size() == 6);
  CHECK(broken.fit.learning_rate() == Approx(0.01));
  CHECK(broken.fit.host().printed("no learning rate is suggested: the loss was finite in 5 steps"));
  Searched flat(finder_in(dir, {{"action", "apply"}}), [](std::int64_t) { return 1.0; });
  CHECK(flat.fit.learning_rate() == Approx(0.01));
  CHECK(flat.fit.host().printed("no learning rate is suggested"));
}

TEST_CASE("LRFinder draws the curve and its suggestion", "[plugins]") {
  const TemporaryDirectory dir;
  Searched run(finder_in(dir));
  const std::string image = content_of(dir / "new/lr.svg");
  CHECK_THAT(image, Contains("smoothed loss</text>") && Contains("suggestion ") &&
                        Contains("learning rate, power of ten</text>") && Contains("<circle"));
  const std::vector<std::string> table = lines_of(content_of(dir / "new/lr.csv"));
  CHECK(table.at(0) == "step,learning_rate,loss,smoothed_loss");
  CHECK_THAT(table.at(1), Catch::Matchers::StartsWith("1,1e-08,2.99"));
}

TEST_CASE("LRFinder searches once in a run, and again where a signal has ended the search", "[plugins]") {
  const TemporaryDirectory dir;
  Searched first(finder_in(dir));
  Fit resumed(lr_finder(), finder_in(dir));
  resumed.run_event().run_resumed = 1;
  resumed.restore(first.fit.state());
  resumed.host().trial_loss = [](std::int64_t, std::int64_t) -> double { throw std::logic_error("tried"); };
  resumed.begin();
  CHECK_FALSE(resumed.stopped());
  Fit ended(lr_finder(), finder_in(dir));
  ended.host().ending = true;
  ended.begin();
  CHECK_FALSE(ended.stopped());
  CHECK(ended.learning_rate() == Approx(0.01));
  std::filesystem::remove_all(dir / "new");
  Searched again(finder_in(dir));
  CHECK_FALSE(again.rates.empty());
  Fit begun_again(lr_finder(), finder_in(dir));
  begun_again.run_event().run_resumed = 1;
  begun_again.restore(ended.state());
  int tried = 0;
  begun_again.host().training_samples = 10 * 32;
  begun_again.host().trial_loss = [&tried](std::int64_t, std::int64_t) { return 1.0 / ++tried; };
  begun_again.begin();
  CHECK(tried > 0);
}

TEST_CASE("LRFinder refuses a training without batches", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(lr_finder(), finder_in(dir));
  fit.host().training_samples = 0;
  CHECK_THROWS_WITH(fit.begin(), Contains("there are no training batches to try learning rates on"));
}

TEST_CASE("LRFinder refuses rates that do not grow, before training", "[plugins]") {
  const TemporaryDirectory dir;
  CHECK_THROWS_WITH(Searched(finder_in(dir, {{"min_lr", 2.0}})),
                    Contains("min_lr is 2, and max_lr 1; expected a smaller min_lr"));
}

namespace {

using namespace kairos::host;

Dataset samples() {
  Dataset data;
  NamedArray x{"", {{40, 3}, {}}}, y{"", {{40}, {}}};
  for (int i = 0; i < 40; ++i) {
    for (int f = 0; f < 3; ++f) x.array.values.push_back(std::sin(static_cast<float>(3 * i + f)));
    y.array.values.push_back(static_cast<float>(i % 3));
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "samples";
  return data;
}

/// Everything a training leaves, with a callback that tries steps before it.
std::string trained(const std::string& plugin, std::vector<std::string>* messages = nullptr,
                    const char* optimizer = "adam(use_ema=true)") {
  CompileOptions compiled;
  compiled.optimizer = optimizer;
  compiled.loss = "sparse_categorical_crossentropy";
  compiled.metrics = {"accuracy"};
  compiled.seed = 4;
  const auto model = compile({{}, "dense(6,tanh) batchnorm dropout(0.3) dense(3,softmax)", {3}}, compiled);
  const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS});
  FitOptions options;
  options.catalog = &catalog;
  if (!plugin.empty()) options.plugins = {parse_plugin_spec(plugin)};
  options.batch_size = 8;
  options.epochs = 2;
  options.validation_split = 0.2;
  options.messages = [&](Level, std::string_view, std::string_view text) {
    if (messages != nullptr) messages->emplace_back(text);
  };
  const History history = fit(*model, samples(), options);
  return history.json() + model->training_state();
}

std::string at(const TemporaryDirectory& dir, const char* name) {
  return ",filename=" + (dir / (std::string(name) + ".csv")).string() +
         ",plot=" + (dir / (std::string(name) + ".svg")).string();
}

}  // namespace

TEST_CASE("After LRFinder and BatchSizeFinder a training has the same bits", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string expected = trained("");
  std::vector<std::string> messages;
  CHECK((trained("LRFinder:action=report" + at(dir, "lr"), &messages) == expected));
  CHECK((trained("BatchSizeFinder:action=report,init_val=2" + at(dir, "size"), &messages) == expected));
  CHECK(std::ranges::any_of(
      messages, [](const std::string& text) { return text.find("suggested learning rate: ") == 0; }));
  CHECK(std::ranges::any_of(
      messages, [](const std::string& text) { return text.find("suggested batch size: ") == 0; }));
  CHECK(lines_of(content_of(dir / "size.csv")).size() == 1 + 5);  // 2, 4, 8, 16 and 32 of 32 samples
  CHECK((trained("LRFinder:action=apply" + at(dir, "lr")) != expected));
}

TEST_CASE("LRFinder says before training that a schedule decides the rate", "[plugins]") {
  const TemporaryDirectory dir;
  CHECK_THAT(error_of([&] {
               return trained("LRFinder:action=report" + at(dir, "lr"), nullptr,
                              "SGD(learning_rate=CosineDecay(0.05,decay_steps=60))");
             }),
             Contains("learning_rate"));
}
