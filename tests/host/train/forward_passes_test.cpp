// SPDX-License-Identifier: MIT
// Passes and trial steps of callbacks in real fits: what they find, and that the training does not notice
// them.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/stream.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t rows = 30, width = 3;

Dataset table() {
  Dataset data;
  NamedArray x{"", {{rows, width}, {}}}, y{"", {{rows}, {}}};
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t f = 0; f < width; ++f)
      x.array.values.push_back(std::sin(static_cast<float>(7 * i + f)) * static_cast<float>(f + 1));
    y.array.values.push_back(static_cast<float>(i % 3));
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "table";
  return data;
}

std::unique_ptr<Model> model_of(const std::string& layers) {
  CompileOptions options;
  options.optimizer = "adam(use_ema=true,ema_overwrite_frequency=5)";
  options.loss = "sparse_categorical_crossentropy";
  options.metrics = {"accuracy", "auc"};
  options.seed = 5;
  return compile({{}, layers, {width}}, options);
}

constexpr const char* all_layers = "batchnorm dense(6,tanh) dropout(0.4) batchnorm dense(3,softmax)";

/// A fit of 2 epochs of 6 batches, 22 samples, with validation on 8, and a probe.
struct Fitting {
  Fitting() {
    options.epochs = 2;
    options.batch_size = 4;
    options.validation_split = 0.25;
    options.seed = 11;
    options.catalog = &catalog;
    options.interrupted = &signal;
  }

  /// Everything that must be equal afterwards.
  template <class Data>
  std::string run_on(const Data& source) {
    options.plugins = {parse_plugin_spec(script.spec())};
    const History history = fit(*model, source, options);
    return history.json() + model->training_state();
  }
  std::string run() { return run_on(data); }

  Catalog catalog = Catalog::scan(std::vector<fs::path>{KAIROS_DISPATCH_PLUGINS});
  Dataset data = table();
  std::unique_ptr<Model> model = model_of(all_layers);
  FitOptions options;
  ProbeScript script;
  std::atomic<int> signal = 0;
};

std::vector<double> evaluate_in(const Visit& v, std::int32_t source, std::int64_t first, std::int64_t count) {
  std::vector<double> values(4);
  REQUIRE(v.forward().evaluate(v.call, source, first, count, values.data(), 4) == KAIROS_OK);
  values.resize(3);  // loss, accuracy, auc
  return values;
}

std::int64_t batches_of(const Visit& v, std::int32_t source, std::int64_t size = 0) {
  std::int64_t count = 0;
  REQUIRE(v.forward().batches(v.call, source, size, &count) == KAIROS_OK);
  return count;
}

kairos_status predict_in(const Visit& v, std::vector<float>& x, std::vector<float>& out) {
  std::int64_t shape[] = {static_cast<std::int64_t>(x.size()) / width, width};
  const kairos_view view = {x.data(), {1, 0}, 2, {2, 32, 1}, shape, nullptr, 0};
  if (const kairos_status status = v.forward().predict(v.call, &view, 1); status != KAIROS_OK) return status;
  kairos_tensor lent{};
  lent.size = sizeof lent;
  if (const kairos_status status = v.forward().output(v.call, 0, &lent); status != KAIROS_OK) return status;
  const auto* const values = static_cast<const float*>(lent.view.data);
  out.assign(values, values + lent.view.shape[0] * lent.view.shape[1]);
  return KAIROS_OK;
}

/// Passes of all kinds that leave the weights alone, from the end to the beginning of the data too.
kairos_status look_around(const Visit& v) {
  evaluate_in(v, KAIROS_SOURCE_TRAINING, 2, 4);
  evaluate_in(v, KAIROS_SOURCE_VALIDATION, 1, 1);
  evaluate_in(v, KAIROS_SOURCE_TRAINING, 0, 1);
  std::vector<float> x(9 * width, 0.5F), out;
  return predict_in(v, x, out);
}

const std::vector<const char*> between_batches = {"on_train_begin", "on_epoch_begin", "on_test_begin",
                                                  "on_test_end",    "on_epoch_end",   "on_train_end"};

fs::path csv_of(const Dataset& data, const TemporaryDirectory& directory) {
  const fs::path file = directory / "table.csv";
  std::ofstream out(file);
  out.precision(9);
  out << "a,b,c,y\n";
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    for (std::size_t f = 0; f < width; ++f) out << data.inputs[0].array.values[i * width + f] << ',';
    out << data.targets[0].array.values[i] << '\n';
  }
  return file;
}

std::unique_ptr<SampleSource> stream_of(const fs::path& file) {
  DataSpec spec;
  spec.file = file;
  spec.target = "y";
  return open_stream(spec);
}

}  // namespace

TEST_CASE("A fit has the same bits with and without passes in every allowed hook", "[host][train]") {
  const std::string expected = Fitting().run();
  for (const char* hook : between_batches) {
    INFO(hook);
    Fitting fitting;
    int visits = 0;
    fitting.script.in[hook] = [&](const Visit& v) { return ++visits, look_around(v); };
    CHECK((fitting.run() == expected));
    CHECK(visits > 0);
  }
}

TEST_CASE("The same holds for a stream, whose reader ahead stays where it is", "[host][train]") {
  const TemporaryDirectory directory;
  const fs::path file = csv_of(table(), directory);
  const auto window = GENERATE(0, 5);
  const auto run = [&](const char* hook) {
    Fitting fitting;
    fitting.options.stream.shuffle_window = window;
    fitting.options.steps_per_epoch = 2;
    fitting.options.epochs = 4;
    if (hook != nullptr) fitting.script.in[hook] = look_around;
    return fitting.run_on(*stream_of(file));
  };
  const std::string expected = run(nullptr);
  for (const char* hook : between_batches) {
    INFO(hook);
    CHECK((run(hook) == expected));
  }
}

TEST_CASE("An evaluation finds what the validation finds", "[host][train]") {
  Fitting fitting;
  std::vector<std::vector<double>> asked;
  fitting.script.in["on_epoch_end"] = [&](const Visit& v) {
    asked.push_back(evaluate_in(v, KAIROS_SOURCE_VALIDATION, 0, batches_of(v, KAIROS_SOURCE_VALIDATION)));
    std::vector<double> logged(6);
    for (std::uint32_t i = 0; i < 6; ++i) CHECK(v.logs().value(v.call, i, &logged[i]) == KAIROS_OK);
    CHECK(asked.back() == std::vector<double>(logged.begin() + 3, logged.end()));
    return KAIROS_OK;
  };
  fitting.run();
  CHECK(asked.size() == 2);
  CHECK(asked[0] != asked[1]);
}

TEST_CASE("The training data come in the order of the current pass, the first one before it",
          "[host][train]") {
  // The loss of a model that does not train tells the batch: in the order in which it is trained.
  Fitting fitting;
  fitting.model = model_of("dense(3,softmax)");
  CHECK(fitting.model->set_hyper("learning_rate", 0));
  std::vector<std::vector<double>> asked(3), trained(2);
  const auto ask = [&](const Visit& v, std::vector<double>& into) {
    CHECK(batches_of(v, KAIROS_SOURCE_TRAINING) == 6);
    for (std::int64_t i = 0; i < 6; ++i) into.push_back(evaluate_in(v, KAIROS_SOURCE_TRAINING, i, 1).front());
    return KAIROS_OK;
  };
  std::size_t epoch = 0;
  fitting.script.in["on_train_begin"] = [&](const Visit& v) { return ask(v, asked[0]); };
  fitting.script.in["on_train_batch_end"] = [&](const Visit& v) {
    double loss = 0;
    CHECK(v.batch().loss(v.call, &loss) == KAIROS_OK);
    trained[epoch].push_back(loss);
    return KAIROS_OK;
  };
  fitting.script.in["on_epoch_end"] = [&](const Visit& v) { return ask(v, asked[++epoch]); };
  fitting.run();
  CHECK(asked[0] == trained[0]);
  CHECK(asked[1] == trained[0]);
  CHECK(asked[2] == trained[1]);
  CHECK(trained[0] != trained[1]);
}

TEST_CASE("A prediction of more samples than a batch is that of the library", "[host][train]") {
  Fitting fitting;
  std::vector<float> found;
  fitting.script.in["on_train_end"] = [&](const Visit& v) {
    std::vector<float> wrong(4);
    std::int64_t shape[] = {2, 2};
    const kairos_view view = {wrong.data(), {1, 0}, 2, {2, 32, 1}, shape, nullptr, 0};
    CHECK(v.forward().predict(v.call, &view, 1) == KAIROS_E_INVALID);
    CHECK_THAT(v.reason(), Contains("(2, 2) in place of (2, 3)"));
    return predict_in(v, fitting.data.inputs[0].array.values, found);
  };
  fitting.run();
  PassOptions options;
  options.batch_size = 4;
  CHECK(found == predict(*fitting.model, fitting.data, options).front().array.values);
}

TEST_CASE("A callback of an evaluation predicts, and has no data of a fit", "[host][train]") {
  Fitting fitting;
  PassOptions options;
  options.catalog = &fitting.catalog;
  const auto plain = evaluate(*fitting.model, fitting.data, options);
  int visits = 0;
  for (const char* hook : {"on_test_begin", "on_test_end"})
    fitting.script.in[hook] = [&](const Visit& v) {
      std::vector<float> x(9 * width, 0.5F), out;
      CHECK(predict_in(v, x, out) == KAIROS_OK);
      double loss = 0;
      CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0, 1, &loss, 1) == KAIROS_E_NOT_FOUND);
      CHECK_THAT(v.reason(), Contains("no training data"));
      return ++visits, KAIROS_OK;
    };
  options.plugins = {parse_plugin_spec(fitting.script.spec())};
  CHECK(evaluate(*fitting.model, fitting.data, options) == plain);
  CHECK(visits == 2);
}

TEST_CASE("Statistics are the means over the batches, of each layer with the layers before it",
          "[host][train]") {
  Fitting fitting;
  fitting.model = model_of("batchnorm dense(3,softmax)");
  fitting.options.shuffle = Shuffle::None;
  const std::int64_t count = GENERATE(1, 3, 6);
  std::vector<float> found;
  fitting.script.in["on_epoch_end"] = [&](const Visit& v) {
    CHECK(v.forward().statistics(v.call, count) == KAIROS_OK);
    for (const TensorRef& tensor : fitting.model->tensors(Role::Buffer))
      if (tensor.size() == width) found.insert(found.end(), tensor.data, tensor.data + width);
    return KAIROS_OK;
  };
  fitting.options.epochs = 1;
  fitting.run();
  REQUIRE(found.size() == 2 * width);
  for (std::int64_t f = 0; f < width; ++f) {
    double mean = 0, variance = 0;
    for (std::int64_t b = 0; b < count; ++b) {
      const std::int64_t first = 4 * b, n = std::min<std::int64_t>(4, 22 - first);
      double sum = 0, squares = 0;
      for (std::int64_t i = first; i < first + n; ++i) {
        const double x = fitting.data.inputs[0].array.values[static_cast<std::size_t>(i * width + f)];
        sum += x;
        squares += x * x;
      }
      mean += sum / static_cast<double>(n) / static_cast<double>(count);
      variance += (squares / static_cast<double>(n) - std::pow(sum / static_cast<double>(n), 2)) /
                  static_cast<double>(count);
    }
    CHECK(found[static_cast<std::size_t>(f)] == Approx(mean).margin(1e-6));
    CHECK(found[static_cast<std::size_t>(width + f)] == Approx(variance).epsilon(1e-5));
  }
}

TEST_CASE("Trial steps change everything, and put brings it back to the bit", "[host][train]") {
  const std::string expected = Fitting().run();
  for (const char* hook : {"on_train_begin", "on_epoch_begin", "on_epoch_end"}) {
    INFO(hook);
    Fitting fitting;
    fitting.script.in[hook] = [&](const Visit& v) {
      const std::string before = fitting.model->training_state();
      std::uint64_t slot = 0;
      CHECK(v.weights().take(v.call, KAIROS_TAKE_TRAINING, &slot) == KAIROS_OK);
      double first = 0, last = 0;
      for (const std::int64_t size : {0, 7, 22, 1})
        for (std::int64_t i = 0; i < batches_of(v, KAIROS_SOURCE_TRAINING, size); ++i) {
          CHECK(v.forward().trial_step(v.call, i, size, &last) == KAIROS_OK);
          if (first == 0) first = last;
        }
      CHECK(first != last);
      CHECK((fitting.model->training_state() != before));
      CHECK(v.forward().statistics(v.call, 2) == KAIROS_OK);
      CHECK(v.weights().put(v.call, slot) == KAIROS_OK);
      CHECK((fitting.model->training_state() == before));
      return KAIROS_OK;
    };
    CHECK((fitting.run() == expected));
  }
}

TEST_CASE("A trial step is one step on one batch while the training accumulates", "[host][train]") {
  const auto run = [](bool tries) {
    Fitting fitting;
    fitting.script.in["on_train_begin"] = [](const Visit& v) { return v.step().accumulate(v.call, 4); };
    fitting.script.in["on_epoch_begin"] = [&](const Visit& v) -> kairos_status {
      if (!tries) return KAIROS_OK;
      std::uint64_t slot = 0;
      CHECK(v.weights().take(v.call, KAIROS_TAKE_TRAINING, &slot) == KAIROS_OK);
      const std::int64_t steps = fitting.model->iterations();
      double loss = 0;
      CHECK(v.forward().trial_step(v.call, 0, 0, &loss) == KAIROS_OK);
      CHECK(fitting.model->iterations() == steps + 1);
      return v.weights().put(v.call, slot);
    };
    return fitting.run();
  };
  CHECK((run(true) == run(false)));
}

TEST_CASE("A signal ends statistics without a trace, and the run as always", "[host][train]") {
  const auto run = [](bool measures) {
    Fitting fitting;
    fitting.script.in["on_epoch_end"] = [&](const Visit& v) {
      fitting.signal = SIGTERM;
      if (measures) CHECK(v.forward().statistics(v.call, 6) == KAIROS_E_BUSY);
      return KAIROS_OK;
    };
    return fitting.run();
  };
  CHECK((run(true) == run(false)));
}

TEST_CASE("A stream that cannot be read ends the run with the error of the data", "[host][train]") {
  const TemporaryDirectory directory;
  Dataset data = table();
  const fs::path file = csv_of(data, directory);
  std::string content = content_of(file);
  content.replace(content.rfind("\n", content.size() - 2) + 1, 3, "bad");
  std::ofstream(file) << content;
  Fitting fitting;
  fitting.options.validation_split.reset();
  fitting.options.shuffle = Shuffle::None;
  fitting.script.in["on_train_begin"] = [](const Visit& v) {
    double loss = 0;
    const kairos_status status = v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0,
                                                      batches_of(v, KAIROS_SOURCE_TRAINING), &loss, 1);
    CHECK(status == KAIROS_E_DATA);
    return status;
  };
  CHECK_THAT(error_of([&] { return fitting.run_on(*stream_of(file)); }),
             Contains("table.csv") && Contains("bad"));
}

TEST_CASE("The example of sdk/doc/cpp.md logs the loss of the training data", "[host][train]") {
  Fitting fitting;
  fitting.options.plugins = {parse_plugin_spec("TrainingLoss")};
  const History history = fit(*fitting.model, fitting.data, fitting.options);
  const auto found = std::ranges::find(history.series, "inference_loss", &History::Series::key);
  REQUIRE(found != history.series.end());
  REQUIRE(found->values.size() == 2);
  CHECK(found->values[1].value() < found->values[0].value());
}
