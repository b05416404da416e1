// SPDX-License-Identifier: MIT
// Update steps of several batches in a whole fit.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

Dataset wave_data(std::int64_t n) {
  Dataset data;
  NamedArray x{"", {{n, 2}, {}}}, y{"", {{n, 1}, {}}};
  for (std::int64_t i = 0; i < n; ++i) {
    x.array.values.push_back(std::sin(static_cast<float>(i)));
    x.array.values.push_back(std::cos(static_cast<float>(3 * i)));
    y.array.values.push_back(std::sin(static_cast<float>(2 * i)));
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "wave";
  return data;
}

std::unique_ptr<Model> wave_model() {
  CompileOptions options;
  options.optimizer = "Adam(0.01)";
  options.loss = "mse";
  options.seed = 4;
  return compile({{}, "dense(4,tanh) dense(1)", {2}}, options);
}

const Catalog& plugins() {
  static const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_DISPATCH_PLUGINS});
  return catalog;
}

FitOptions with(const std::vector<std::string>& specs, std::int64_t batch_size, std::int64_t epochs = 3) {
  FitOptions options;
  options.catalog = &plugins();
  for (const std::string& spec : specs) options.plugins.push_back(parse_plugin_spec(spec));
  options.batch_size = batch_size;
  options.epochs = epochs;
  options.shuffle = Shuffle::None;
  return options;
}

std::vector<float> weights_of(Model& model) {
  std::vector<float> all;
  for (const TensorRef& weight : model.tensors(Role::Weight))
    all.insert(all.end(), weight.data, weight.data + weight.size());
  return all;
}

void check_alike(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).epsilon(1e-5));
}

std::vector<double> column(const History& history, const std::string& key) {
  std::vector<double> values;
  for (const History::Series& series : history.series)
    if (series.key == key)
      for (const std::optional<double>& value : series.values) values.push_back(value.value());
  return values;
}

/// The calls in the block "steps" of the lifecycle page.
std::string documented_steps() {
  const std::string page = content_of(KAIROS_LIFECYCLE_PAGE), begin = "```steps\n";
  const std::size_t from = page.find(begin) + begin.size();
  return page.substr(from, page.find("```", from) - from);
}

std::string recorder(const TemporaryDirectory& dir) {
  return "Recorder:file=" + (dir / "calls").string();
}

}  // namespace

TEST_CASE("A fit that accumulates two batches of 4 equals one with batches of 8", "[host][train]") {
  const auto whole = wave_model(), grouped = wave_model();
  FitOptions large = with({}, 8), small = with({"Stepper:accumulate=2"}, 4);
  large.validation_data = small.validation_data = wave_data(6);
  large.class_weight = small.class_weight = {};
  const History expected = fit(*whole, wave_data(10), large);
  const History history = fit(*grouped, wave_data(10), small);
  check_alike(weights_of(*grouped), weights_of(*whole));
  CHECK(grouped->iterations() == 6);
  CHECK(column(history, "all_steps") == std::vector<double>{2, 2, 2});
  CHECK(column(history, "all_shown") == std::vector<double>{2, 2, 2});
  CHECK(history.last("val_loss").value() == Approx(expected.last("val_loss").value()).epsilon(1e-5));
}

TEST_CASE("A fit with steps of several batches makes the calls of the lifecycle page", "[host][train]") {
  TemporaryDirectory dir;
  const auto model = wave_model();
  static_cast<void>(fit(*model, wave_data(6), with({"Stepper:accumulate=2", recorder(dir)}, 2, 2)));
  CHECK(content_of(dir / "calls") == documented_steps());
}

TEST_CASE("The example of the documentation trains the last layer, then all", "[host][train]") {
  const auto model = wave_model();
  const std::vector<float> before = weights_of(*model);
  static_cast<void>(fit(*model, wave_data(40), with({"Warmup:epochs=3,trained=2"}, 2)));
  CHECK(model->iterations() == 15);  // five steps of four batches in each epoch
  std::vector<float> after = weights_of(*model);
  CHECK(std::equal(before.begin(), before.begin() + 12, after.begin()));
  CHECK(std::vector<float>(after.begin() + 12, after.end()) !=
        std::vector<float>(before.begin() + 12, before.end()));
  static_cast<void>(fit(*model, wave_data(40), with({"Warmup:epochs=1,trained=2"}, 2)));
  after = weights_of(*model);
  CHECK_FALSE(std::equal(before.begin(), before.begin() + 12, after.begin()));
}

TEST_CASE("A step never crosses an epoch, also with steps_per_epoch", "[host][train]") {
  const auto model = wave_model();
  FitOptions options = with({"Stepper:accumulate=4"}, 2);
  options.steps_per_epoch = 3;
  const History history = fit(*model, wave_data(40), options);
  CHECK(column(history, "all_steps") == std::vector<double>{1, 1, 1});
  CHECK(model->iterations() == 3);
}

TEST_CASE("A new number of batches applies from the next step on", "[host][train]") {
  const std::string hook = GENERATE("on_epoch_begin", "on_train_batch_begin", "on_train_batch_end");
  const auto model = wave_model();
  const History history = fit(*model, wave_data(12), with({"Stepper:accumulate=3,at=" + hook}, 2, 2));
  // Six batches: the first is in a step of its own, unless the request came before it was begun.
  CHECK(column(history, "all_steps") == std::vector<double>{hook == "on_epoch_begin" ? 2.0 : 3.0, 2});
}

TEST_CASE("A stop inside a step takes effect when the step is complete", "[host][train]") {
  TemporaryDirectory dir;
  const auto model = wave_model();
  const History history =
      fit(*model, wave_data(12),
          with({"Stepper:accumulate=3", "Stopper:hook=on_train_batch_end", recorder(dir)}, 2));
  CHECK(history.end == RunEnd::Stopped);
  CHECK(model->iterations() == 1);
  const std::string calls = content_of(dir / "calls");
  CHECK_THAT(
      calls,
      Contains("on_train_batch_begin 2\non_backward_end 2\non_train_batch_end 2\non_epoch_end (partial) 0") &&
          !Contains("on_backward_end 1"));
}

TEST_CASE("A signal ends the run inside a step, whose batches then change no weight", "[host][train]") {
  const auto model = wave_model();
  const std::vector<float> before = weights_of(*model);
  std::atomic<int> signal{0};
  FitOptions options = with({"Stepper:accumulate=3,says=true"}, 2);
  options.interrupted = &signal;
  options.messages = [&](Level, std::string_view, std::string_view text) {
    if (text == "batch 1") signal = SIGTERM;
  };
  CHECK(fit(*model, wave_data(12), options).end == RunEnd::Interrupted);
  CHECK(weights_of(*model) == before);
  CHECK(model->iterations() == 0);

  // A fit that begins anew drops what was open.
  const auto other = wave_model();
  static_cast<void>(fit(*other, wave_data(12), with({}, 2, 1)));
  static_cast<void>(fit(*model, wave_data(12), with({}, 2, 1)));
  CHECK(weights_of(*model) == weights_of(*other));
}

TEST_CASE("A stop before an epoch trains nothing of it, even if a step was left open", "[host][train]") {
  const auto model = wave_model();
  model->step_control()->accumulate(3);
  model->begin_step(3);
  const std::vector<float> x{1, 2}, y{3};
  model->train_batch({1, {x.data()}, {y.data()}, {}}, nullptr);
  REQUIRE(model->step_is_open());
  const History history = fit(*model, wave_data(12), with({"Stopper:hook=on_epoch_begin"}, 2));
  CHECK(history.epochs.empty());
}

TEST_CASE("A discarded step leaves the weights and is no step", "[host][train]") {
  const auto model = wave_model();
  const std::vector<float> before = weights_of(*model);
  const History history =
      fit(*model, wave_data(12), with({"Stepper:accumulate=2,discard=true,at=on_backward_end"}, 2, 1));
  CHECK(weights_of(*model) == before);
  CHECK(column(history, "all_steps") == std::vector<double>{0});
  CHECK(column(history, "all_shown") == std::vector<double>{4});  // one batch, then three steps

  const std::string error = error_of([&] {
    return fit(*model, wave_data(12), with({"Stepper:discard=true,at=on_train_batch_end,on_error=fatal"}, 2));
  });
  CHECK_THAT(error, Contains("a step is discarded in on_backward_end, not in on_train_batch_end"));
}

TEST_CASE("Freezes and factors end with the fit", "[host][train]") {
  const auto model = wave_model(), plain = wave_model();
  const std::vector<float> before = weights_of(*model);
  const std::vector<std::string> all{"Stepper@a:freeze=0,label=a", "Stepper@b:freeze=1,label=b",
                                     "Stepper@c:scale=2,factor=0,label=c",
                                     "Stepper@d:scale=3,factor=0,label=d"};
  static_cast<void>(fit(*model, wave_data(10), with(all, 4)));
  CHECK(weights_of(*model) == before);
  CHECK(model->iterations() == 9);
  model->set_iterations(0);
  for (const TensorRef& slot : model->tensors(Role::Slot))
    if (!slot.name.ends_with("learning_rate")) std::fill_n(slot.data, slot.size(), 0.0F);
  static_cast<void>(fit(*model, wave_data(10), with({}, 4)));
  static_cast<void>(fit(*plain, wave_data(10), with({}, 4)));
  CHECK(weights_of(*model) == weights_of(*plain));
}
