// SPDX-License-Identifier: MIT
// A fit that goes on from a copy, taken at any batch, ends with the bits of the uninterrupted one.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

/// Keeps a copy of every position.
struct EveryBatch final : CheckpointSink {
  std::vector<FitResumption> copies;
  std::vector<RunEnd> ends;

  bool wants(const FitPosition&) override { return true; }
  void take(FitCheckpoint checkpoint, const History& history) override {
    copies.push_back({std::move(checkpoint), history});
  }
  void take_last(FitCheckpoint checkpoint, const History& history, RunEnd end) override {
    copies.push_back({std::move(checkpoint), history});
    ends.push_back(end);
  }
};

Dataset table(std::int64_t rows) {
  Dataset data;
  NamedArray x{"", {{rows, 3}, {}}}, y{"", {{rows}, {}}}, w{"", {{rows}, {}}};
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t f = 0; f < 3; ++f) x.array.values.push_back(std::sin(static_cast<float>(7 * i + f)));
    y.array.values.push_back(static_cast<float>(i % 3));
    w.array.values.push_back(static_cast<float>(1 + i % 2));
  }
  data.inputs = {x};
  data.targets = {y};
  data.sample_weights = {w};
  data.origin = "table";
  return data;
}

std::unique_ptr<Model> model_of(const std::string& optimizer = "adam(learning_rate=0.01)") {
  CompileOptions options;
  options.optimizer = optimizer;
  options.loss = "sparse_categorical_crossentropy";
  options.metrics = {"accuracy", "auc"};
  options.weighted_metrics = {"accuracy"};
  options.seed = 5;
  return compile({{}, "dense(6,tanh) batchnorm dropout(0.4) dense(3,softmax)", {3}}, options);
}

FitOptions usual() {
  FitOptions options;
  options.epochs = 4;
  options.batch_size = 4;
  options.validation_split = 0.25;
  options.seed = 11;
  return options;
}

/// Everything that must be equal.
std::string result(Model& model, const History& history) {
  return history.json() + history.callback_state + model.training_state();
}

/// Trains with a copy at every batch, goes on from each, and compares. `run` trains a model.
template <class Run>
void check_every_position(FitOptions options, const std::string& optimizer, const Run& run) {
  EveryBatch sink;
  options.checkpoints = &sink;
  const auto whole = model_of(optimizer);
  const History history = run(*whole, options);
  const std::string expected = result(*whole, history);
  REQUIRE(sink.copies.size() > 3);
  options.checkpoints = nullptr;
  for (const FitResumption& copy : sink.copies) {
    INFO(copy.checkpoint.position.text());
    options.resume_from = &copy;
    const auto model = model_of(optimizer);
    const History resumed = run(*model, options);
    CHECK((result(*model, resumed) == expected));
  }
}

}  // namespace

TEST_CASE("A fit goes on from any batch to the same bits", "[host][train]") {
  const Dataset data = table(30);
  const auto in_memory = [&](Model& model, const FitOptions& options) { return fit(model, data, options); };
  FitOptions options = usual();
  const std::string optimizer =
      GENERATE("adam(learning_rate=0.01)", "sgd(learning_rate=CosineDecay(0.1,20),momentum=0.9)",
               "adam(use_ema=true,ema_overwrite_frequency=5)");
  SECTION("shuffled samples, batches, or none") {
    options.shuffle = GENERATE(Shuffle::Samples, Shuffle::Batches, Shuffle::None);
    check_every_position(options, optimizer, in_memory);
  }
  SECTION("epochs of some steps, which continue where the last one stopped") {
    options.steps_per_epoch = GENERATE(1, 4, 5);
    check_every_position(options, optimizer, in_memory);
  }
  SECTION("validation in some epochs, on data of its own") {
    options.validation_split.reset();
    options.validation_data = table(7);
    options.validation_freq = 3;
    check_every_position(options, optimizer, in_memory);
  }
  SECTION("class weights") {
    options.class_weight = {{0, 1}, {1, 3}, {2, 0.5}};
    check_every_position(options, optimizer, in_memory);
  }
}

TEST_CASE("A fit on a stream goes on from any batch to the same bits", "[host][train]") {
  const TemporaryDirectory directory;
  std::string text = "a,b,c,y\n";
  for (int i = 0; i < 30; ++i)
    text += std::to_string(std::sin(i)) + "," + std::to_string(i % 5) + "," +
            std::to_string(std::cos(3 * i)) + "," + std::to_string(i % 3) + "\n";
  DataSpec spec;
  spec.file = directory.put("t.csv", text);
  spec.target = "y";
  const auto source = open_stream(spec);
  FitOptions options = usual();
  options.shuffle = GENERATE(Shuffle::Samples, Shuffle::None);
  options.stream.shuffle_window = GENERATE(0, 8);
  options.stream.buffer_bytes = 1;
  options.steps_per_epoch = GENERATE(0, 4);
  check_every_position(options, "adam",
                       [&](Model& model, const FitOptions& given) { return fit(model, *source, given); });
}

namespace {

const Catalog& probes() {
  static const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_DISPATCH_PLUGINS});
  return catalog;
}

/// The calls that the lifecycle page lists for a fit that is resumed, except those that the recorder cannot
/// see.
std::string documented() {
  std::istringstream page(content_of(KAIROS_LIFECYCLE_PAGE));
  std::string line, calls;
  bool inside = false;
  while (std::getline(page, line)) {
    if (line == "```resumed" || line == "```")
      inside = line == "```resumed";
    else if (inside && !line.starts_with("create") && !line.starts_with("destroy") &&
             !line.starts_with("state_"))
      calls += line + "\n";
  }
  return calls;
}

}  // namespace

TEST_CASE("A fit goes on inside a step of several batches, with frozen weights, to the same bits",
          "[host][train]") {
  const Dataset data = table(30);
  FitOptions options = usual();
  options.catalog = &probes();
  // Steps of four and two batches; the first layers are frozen in two of four epochs.
  options.plugins = {parse_plugin_spec("Warmup:epochs=2,trained=2")};
  check_every_position(options, "adam(learning_rate=0.01)", [&](Model& model, const FitOptions& given) {
    const History history = fit(model, data, given);
    CHECK(model.iterations() == 8);
    return history;
  });
}

TEST_CASE("A fit that is resumed makes the calls of the lifecycle page", "[host][train]") {
  const TemporaryDirectory directory;
  FitOptions options = usual();
  options.validation_split.reset();
  options.epochs = 2;
  options.batch_size = 2;
  options.validation_data = table(2);
  EveryBatch sink;
  options.checkpoints = &sink;
  (void)fit(*model_of(), table(4), options);
  const auto inside = std::ranges::find_if(sink.copies, [](const FitResumption& one) {
    return one.checkpoint.position.epoch == 1 && one.checkpoint.position.batch == 1;
  });
  REQUIRE(inside != sink.copies.end());
  CHECK(inside->checkpoint.position.text() == "epoch 2, batch 1");
  options.checkpoints = nullptr;
  options.resume_from = &*inside;
  options.catalog = &probes();
  options.plugins = {parse_plugin_spec("Recorder:file=" + (directory / "calls").string())};
  (void)fit(*model_of(), table(4), options);
  CHECK(content_of(directory / "calls") == documented());
  CHECK(documented().starts_with("setup\non_train_begin\non_train_batch_begin 1\n"));
}

TEST_CASE("The run event of a fit that is resumed has the epoch that goes on", "[host][train]") {
  FitOptions options = usual();
  EveryBatch sink;
  options.checkpoints = &sink;
  (void)fit(*model_of(), table(20), options);
  options.resume_from = &sink.copies.at(5);
  std::vector<std::int64_t> seen;
  ProbeScript script;
  script.in["setup"] = [&](const Visit& visit) {
    const auto& event = *static_cast<const kairos_run_event*>(visit.event);
    seen = {event.initial_epoch, event.run_resumed, event.resumed};
    return KAIROS_OK;
  };
  options.catalog = &probes();
  options.plugins = {parse_plugin_spec(script.spec())};
  (void)fit(*model_of(), table(20), options);
  CHECK(seen == std::vector<std::int64_t>{sink.copies.at(5).checkpoint.position.epoch, 1, 0});
}

TEST_CASE("A validation that a signal cut short is repeated as a whole", "[host][train]") {
  const Dataset data = table(32);
  FitOptions options = usual();
  const auto whole = model_of();
  const History history = fit(*whole, data, options);

  std::atomic<int> signal{0};
  ProbeScript script;
  int tests = 0;
  script.in["on_test_batch_begin"] = [&](const Visit&) {
    if (++tests == 3) signal = SIGTERM;  // the first of two batches of the second validation
    return KAIROS_OK;
  };
  EveryBatch sink;
  FitOptions first = options;
  first.checkpoints = &sink;
  first.interrupted = &signal;
  first.catalog = &probes();
  first.plugins = {parse_plugin_spec(script.spec())};
  const History cut = fit(*model_of(), data, first);
  CHECK(cut.end == RunEnd::Interrupted);
  CHECK(sink.ends == std::vector<RunEnd>{RunEnd::Interrupted});
  const FitPosition& position = sink.copies.back().checkpoint.position;
  CHECK((position.in_epoch && position.epoch == 1 && position.batch == 6));

  const auto model = model_of();
  options.resume_from = &sink.copies.back();
  const History resumed = fit(*model, data, options);
  CHECK(resumed.json() == history.json());
  CHECK((model->training_state() == whole->training_state()));
}

TEST_CASE("A stop and the saved files are remembered", "[host][train]") {
  const TemporaryDirectory directory;
  const Dataset data = table(16);
  FitOptions options = usual();
  options.epochs = 9;
  options.catalog = &probes();
  options.plugins = {parse_plugin_spec("Stopper:hook=on_train_batch_end")};
  EveryBatch sink;
  options.checkpoints = &sink;
  const auto whole = model_of();
  const History history = fit(*whole, data, options);
  CHECK(sink.ends == std::vector<RunEnd>{RunEnd::Stopped});
  REQUIRE(history.stop);
  options.checkpoints = nullptr;
  for (FitResumption& copy : sink.copies) {
    INFO(copy.checkpoint.position.text());
    copy.history.saved_files = {directory / "earlier.keras"};
    options.resume_from = &copy;
    const auto model = model_of();
    const History resumed = fit(*model, data, options);
    CHECK(resumed.stop->reason == history.stop->reason);
    CHECK(resumed.json() == history.json());
    CHECK(resumed.saved_files == copy.history.saved_files);
    CHECK((model->training_state() == whole->training_state()));
  }
}

TEST_CASE("A callback that was disabled stays disabled in the run that goes on", "[host][train]") {
  const Dataset data = table(16);
  FitOptions options = usual();
  ProbeScript script;
  int ends = 0;
  script.in["on_epoch_end"] = [&](const Visit&) { return ++ends == 2 ? KAIROS_E_IO : KAIROS_OK; };
  std::string spec = script.spec();
  spec.replace(spec.find("fatal"), 5, "disable");
  options.catalog = &probes();
  options.plugins = {parse_plugin_spec(spec)};
  EveryBatch sink;
  options.checkpoints = &sink;
  (void)fit(*model_of(), data, options);
  CHECK(ends == 2);

  options.checkpoints = nullptr;
  for (const FitResumption& copy : sink.copies) {
    INFO(copy.checkpoint.position.text());
    ends = static_cast<int>(copy.history.epochs.size());
    if (ends < 2) continue;
    options.resume_from = &copy;
    (void)fit(*model_of(), data, options);
    CHECK(ends == static_cast<int>(copy.history.epochs.size()));
  }
}

TEST_CASE("A fit refuses to go on with other data, another model or other options", "[host][train]") {
  const Dataset data = table(20);
  FitOptions options = usual();
  EveryBatch sink;
  options.checkpoints = &sink;
  (void)fit(*model_of(), data, options);
  options.checkpoints = nullptr;
  options.resume_from = &sink.copies[2];
  const auto refused = [&](const Dataset& given, const FitOptions& changed) {
    return error_of([&] { (void)fit(*model_of(), given, changed); });
  };
  FitOptions other = options;
  other.batch_size = 5;
  CHECK(refused(data, other) ==
        "KAIROS-U090: `batch_size`: the run cannot go on with another value; found 5, expected 4. Go on with "
        "the same data, model and settings, or begin a new run.");
  other = options;
  other.seed = 1;
  CHECK_THAT(refused(data, other),
             Contains("`seed`: the run cannot go on with another value; found 1, expected 11"));
  other = options;
  other.shuffle = Shuffle::None;
  CHECK_THAT(refused(data, other), Contains("`shuffle`") && Contains("found false, expected true"));
  Dataset changed = data;
  changed.inputs[0].array.values[17] += 1;
  CHECK_THAT(refused(changed, options),
             Contains("the data: the run cannot go on with another value; found 20 samples with the hash ") &&
                 Contains("expected 20 samples with the hash "));
  CHECK_THAT(refused(table(21), options), Contains("found 21 samples") && Contains("expected 20 samples"));
  const std::string error = error_of([&] { (void)fit(*model_of("sgd"), data, options); });
  CHECK_THAT(
      error,
      Contains("the model: the run cannot go on with another value; found an architecture with the hash"));
}

TEST_CASE("More epochs go on as a run of that many would have", "[host][train]") {
  const Dataset data = table(20);
  FitOptions options = usual();
  EveryBatch sink;
  options.checkpoints = &sink;
  const auto first = model_of("adam(use_ema=true)");
  (void)fit(*first, data, options);
  options.checkpoints = nullptr;
  options.epochs = 7;
  const auto whole = model_of("adam(use_ema=true)"), longer = model_of("adam(use_ema=true)");
  const std::string expected = result(*whole, fit(*whole, data, options));
  options.resume_from = &sink.copies.back();
  CHECK((result(*longer, fit(*longer, data, options)) == expected));
}
