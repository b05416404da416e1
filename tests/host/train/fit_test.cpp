// SPDX-License-Identifier: MIT
// The fit loop, held to sdk/doc/lifecycle.md, and its stops, validation and steps.
#include "kairos/host/fit.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

Dataset line_data(std::int64_t n) {
  Dataset data;
  NamedArray x{"", {{n, 1}, {}}}, y{"", {{n}, {}}};
  for (std::int64_t i = 0; i < n; ++i) {
    x.array.values.push_back(static_cast<float>(i) / static_cast<float>(n));
    y.array.values.push_back(2 * x.array.values.back() + 1);
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "line";
  return data;
}

std::unique_ptr<Model> line_model() {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.1)";
  options.loss = "mse";
  options.metrics = {"mae"};
  return compile({{}, "dense(1)", {1}}, options);
}

const Catalog& plugins() {
  static const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_DISPATCH_PLUGINS});
  return catalog;
}

FitOptions with(const std::vector<std::string>& specs) {
  FitOptions options;
  options.catalog = &plugins();
  for (const std::string& spec : specs) options.plugins.push_back(parse_plugin_spec(spec));
  options.batch_size = 2;
  return options;
}

/// The calls that a fenced block of the lifecycle page lists, except those that the recorder cannot see.
std::string documented(const std::string& block) {
  std::istringstream page(content_of(KAIROS_LIFECYCLE_PAGE));
  std::string line, calls;
  bool inside = false;
  while (std::getline(page, line)) {
    if (line == "```" + block) {
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside && !line.starts_with("create") && !line.starts_with("destroy") &&
               !line.starts_with("state_")) {
      calls += line + "\n";
    }
  }
  return calls;
}

std::string recorded(const TemporaryDirectory& dir) {
  return content_of(dir / "calls");
}
std::string recorder(const TemporaryDirectory& dir) {
  return "Recorder:file=" + (dir / "calls").string();
}

}  // namespace

TEST_CASE("A fit makes the calls of the lifecycle page in their order", "[host][train]") {
  TemporaryDirectory dir;
  FitOptions options = with({recorder(dir)});
  options.epochs = 2;
  options.validation_data = line_data(2);
  const auto model = line_model();
  (void)fit(*model, line_data(4), options);
  CHECK(recorded(dir) == documented("fit"));
}

TEST_CASE("An evaluation and a prediction make the calls of the lifecycle page", "[host][train]") {
  TemporaryDirectory dir;
  PassOptions options;
  options.catalog = &plugins();
  options.plugins = {parse_plugin_spec(recorder(dir))};
  options.batch_size = 2;
  const auto model = line_model();
  SECTION("evaluate") {
    (void)evaluate(*model, line_data(4), options);
    CHECK(recorded(dir) == documented("evaluate"));
  }
  SECTION("predict") {
    (void)predict(*model, line_data(4), options);
    CHECK(recorded(dir) == documented("predict"));
  }
}

TEST_CASE("A stop before the first batch trains no batch", "[host][train]") {
  const std::string hook = GENERATE("setup", "on_train_begin", "on_epoch_begin");
  TemporaryDirectory dir;
  FitOptions options = with({"Stopper:hook=" + hook, recorder(dir)});
  options.epochs = 3;
  const auto model = line_model();
  const History history = fit(*model, line_data(4), options);
  CHECK(history.epochs.empty());
  CHECK(history.end == RunEnd::Stopped);
  CHECK(model->iterations() == 0);
  CHECK_THAT(recorded(dir), Contains("on_train_end") && !Contains("on_train_batch_begin"));
}

TEST_CASE("A stop inside an epoch still validates and ends the epoch as partial", "[host][train]") {
  TemporaryDirectory dir;
  FitOptions options = with({"Stopper:hook=on_train_batch_end", recorder(dir)});
  options.epochs = 3;
  options.validation_data = line_data(2);
  const auto model = line_model();
  const History history = fit(*model, line_data(6), options);
  CHECK(history.epochs == std::vector<std::int64_t>{0});
  CHECK(history.last("val_loss").has_value());
  CHECK(model->iterations() == 1);
  CHECK_THAT(recorded(dir), Contains("on_test_end\non_epoch_end (partial) 0\non_train_end\nteardown\n"));
}

TEST_CASE("A stop requested during validation is not lost", "[host][train]") {
  FitOptions options = with({"Stopper:hook=on_test_end"});
  options.epochs = 5;
  options.validation_data = line_data(2);
  const auto model = line_model();
  CHECK(fit(*model, line_data(4), options).epochs.size() == 1);
}

TEST_CASE("A signal ends the run after the batch without an epoch end", "[host][train]") {
  TemporaryDirectory dir;
  std::atomic<int> signal{SIGTERM};
  FitOptions options = with({recorder(dir)});
  options.epochs = 3;
  options.interrupted = &signal;
  const auto model = line_model();
  const History history = fit(*model, line_data(4), options);
  CHECK(history.end == RunEnd::Interrupted);
  CHECK_THAT(recorded(dir), Contains("on_interrupt\non_train_end\nteardown\n") && !Contains("on_epoch_end"));
}

TEST_CASE("A callback that fails fatally is torn down with all others", "[host][train]") {
  TemporaryDirectory dir;
  const auto model = line_model();
  const std::string error = error_of([&] {
    return fit(*model, line_data(4), with({"Thrower:on_error=fatal", recorder(dir)}));
  });
  CHECK_THAT(error, Contains("KAIROS-C001"));
  CHECK_THAT(recorded(dir), Contains("on_fault KAIROS-C001") && Contains("teardown\n"));
}

TEST_CASE("An instance whose setup never ran is not called when another's setup fails", "[host][train]") {
  TemporaryDirectory dir;
  const auto model = line_model();
  const std::string error = error_of([&] {
    return fit(*model, line_data(4), with({"Thrower:hook=setup", recorder(dir)}));
  });
  CHECK_THAT(error, Contains("KAIROS-O031"));
  CHECK(recorded(dir).empty());
}

TEST_CASE("A teardown that fails is not followed by a fault for those torn down", "[host][train]") {
  TemporaryDirectory dir;
  const auto model = line_model();
  const std::string error = error_of([&] {
    return fit(*model, line_data(4), with({"Thrower:hook=teardown,on_error=fatal", recorder(dir)}));
  });
  CHECK_THAT(error, Contains("teardown failed"));
  CHECK_THAT(recorded(dir), !Contains("on_fault"));
}

TEST_CASE("validation_freq leaves epochs without validation values, and History keeps the gaps",
          "[host][train]") {
  FitOptions options = with({});
  options.epochs = 5;
  options.validation_data = line_data(2);
  const auto model = line_model();
  std::vector<bool> expected;
  SECTION("every second epoch") {
    options.validation_freq = 2;
    expected = {false, true, false, true, false};
  }
  SECTION("listed epochs") {
    options.validation_epochs = {1, 5};
    expected = {true, false, false, false, true};
  }
  const History history = fit(*model, line_data(4), options);
  REQUIRE(history.find("val_loss") != nullptr);
  std::vector<bool> available;
  for (const auto& value : *history.find("val_loss")) available.push_back(value.has_value());
  CHECK(available == expected);
  CHECK(history.find("loss")->size() == 5);
}

TEST_CASE("The last samples validate, and the split is taken before the shuffle", "[host][train]") {
  Dataset data = line_data(10);
  for (std::size_t i = 7; i < 10; ++i) data.targets[0].array.values[i] = 1000;
  FitOptions options = with({});
  options.validation_split = 0.25;
  const auto model = line_model();
  const History history = fit(*model, data, options);
  CHECK(*history.last("loss") < 100);
  CHECK(*history.last("val_loss") > 100000);
}

TEST_CASE("steps_per_epoch continues where the last epoch stopped and warns once when the data are exhausted",
          "[host][train]") {
  std::vector<std::string> warnings;
  TemporaryDirectory dir;
  FitOptions options = with({recorder(dir)});
  options.epochs = 4;
  options.batch_size = 3;
  options.steps_per_epoch = 3;
  options.messages = [&](Level, std::string_view, std::string_view text) { warnings.emplace_back(text); };
  const auto model = line_model();
  (void)fit(*model, line_data(10), options);
  CHECK(model->iterations() == 8);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "epoch 2 has 1 of 3 steps: the data are exhausted; the next epoch starts over");
}

TEST_CASE("If initial_epoch equals epochs, no epoch runs, and callbacks still begin and end",
          "[host][train]") {
  TemporaryDirectory dir;
  FitOptions options = with({recorder(dir)});
  options.epochs = 2;
  options.initial_epoch = 2;
  const auto model = line_model();
  CHECK(fit(*model, line_data(4), options).epochs.empty());
  CHECK(recorded(dir) == "setup\non_train_begin\non_train_end\nteardown\n");
}

TEST_CASE("The same seed gives the same bits, and a run in two halves has the order of one run",
          "[host][train]") {
  FitOptions options = with({});
  options.epochs = 4;
  options.seed = 7;
  const auto whole = line_model();
  const History one = fit(*whole, line_data(9), options);
  const auto again = line_model();
  CHECK(fit(*again, line_data(9), options).json() == one.json());

  const auto halves = line_model();
  options.epochs = 2;
  (void)fit(*halves, line_data(9), options);
  options.initial_epoch = 2;
  options.epochs = 4;
  const History second = fit(*halves, line_data(9), options);
  CHECK(second.last("loss") == one.last("loss"));
}

TEST_CASE("A run in two parts trains on the same batches as one run, also with steps_per_epoch",
          "[host][train]") {
  FitOptions options = with({});
  options.seed = 7;
  options.batch_size = 2;
  options.steps_per_epoch = 2;  // 5 batches: passes of 2, 2 and 1
  options.epochs = 7;
  const auto whole = line_model();
  const History one = fit(*whole, line_data(10), options);
  for (const std::int64_t cut : {1, 2, 3, 4, 6}) {
    INFO("cut after " << cut);
    const auto parts = line_model();
    options.initial_epoch = 0;
    options.epochs = cut;
    (void)fit(*parts, line_data(10), options);
    options.initial_epoch = cut;
    options.epochs = 7;
    const History second = fit(*parts, line_data(10), options);
    CHECK(second.last("loss") == one.last("loss"));
    CHECK(parts->iterations() == whole->iterations());
  }
}

TEST_CASE("Saved callback state continues in a second fit", "[host][train]") {
  FitOptions options = with({"Rememberer"});
  const auto model = line_model();
  const History first = fit(*model, line_data(4), options);
  options.callback_state = first.callback_state;
  const History second = fit(*model, line_data(4), options);
  CHECK(*second.last("sum") == Approx(*first.last("sum") + *second.last("loss")));
}

TEST_CASE("Options outside their range are rejected before training", "[host][train]") {
  FitOptions options = with({});
  std::string expected;
  SECTION("epochs") {
    options.epochs = -1;
    expected = "`epochs`: the value is outside its range; found -1, expected 0 or more";
  }
  SECTION("batch size") {
    options.batch_size = 0;
    expected = "`batch_size`: the value is outside its range; found 0, expected 1 or more";
  }
  SECTION("split above one") {
    options.validation_split = 1.5;
    expected =
        "`validation_split`: the value is outside its range; found 1.5, expected a share between 0 and 1";
  }
  SECTION("split that leaves nothing") {
    options.validation_split = 0.01;
    options.validation_split = 0.999;
    expected = "a share that leaves samples on both sides of 4";
  }
  SECTION("validation frequency") {
    options.validation_freq = 0;
    expected = "`validation_freq`";
  }
  const auto model = line_model();
  CHECK_THAT(error_of([&] { return fit(*model, line_data(4), options); }), Contains(expected));
  CHECK(model->iterations() == 0);
}
