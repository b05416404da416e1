// SPDX-License-Identifier: MIT
// The callbacks that change or read batches, in real fits.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

const Catalog& catalog() {
  static const Catalog all = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS});
  return all;
}

/// Twelve pixels (3 by 4) for each sample, and one of three classes.
Dataset images(std::int64_t n) {
  Dataset data;
  NamedArray x{"", {{n, 12}, {}}}, y{"", {{n}, {}}};
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k = 0; k < 12; ++k)
      x.array.values.push_back(static_cast<float>((i * 7 + k * k * (i % 3 + 1)) % 11) / 11.0F);
    y.array.values.push_back(static_cast<float>(i % 3));
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "images";
  return data;
}

std::unique_ptr<Model> model_for(const std::string& loss = "sparse_categorical_crossentropy") {
  CompileOptions options;
  options.optimizer = "Adam(learning_rate=0.01)";
  options.loss = loss;
  options.metrics = {"accuracy"};
  options.seed = 4;
  return compile({{}, "dense(8,tanh) dense(3,softmax)", {12}}, options);
}

FitOptions options_for(const std::vector<std::string>& plugins) {
  FitOptions options;
  options.catalog = &catalog();
  for (const std::string& text : plugins) options.plugins.push_back(parse_plugin_spec(text));
  options.batch_size = 8;
  options.epochs = 4;
  options.seed = 6;
  return options;
}

std::vector<float> weights_of(Model& model) {
  std::vector<float> all;
  for (const TensorRef& tensor : model.tensors(Role::Weight))
    all.insert(all.end(), tensor.data, tensor.data + tensor.size());
  return all;
}

template <class Data>
std::vector<float> trained(const Data& data, const FitOptions& options) {
  const auto model = model_for();
  (void)fit(*model, data, options);
  return weights_of(*model);
}

const std::vector<std::string> each_plugin{"Mixup:alpha=1", "CutMix:height=3,width=4", "LabelSmoothing"};

}  // namespace

TEST_CASE(
    "A callback that changes batches trains otherwise, always in the same way, and leaves the data alone",
    "[plugins]") {
  const Dataset data = images(43), before = data;
  for (const std::string& plugin : each_plugin)
    for (const bool splits : {false, true}) {
      INFO(plugin);
      FitOptions options = options_for({plugin});
      if (splits) options.validation_split = 0.25;
      const std::vector<float> first = trained(data, options);
      CHECK(trained(data, options) == first);
      CHECK(data.inputs[0].array.values == before.inputs[0].array.values);
      CHECK(data.targets[0].array.values == before.targets[0].array.values);
      options.plugins.clear();
      CHECK(trained(data, options) != first);
    }
}

TEST_CASE("A callback that changes batches changes those of a stream in the same way", "[plugins]") {
  const TemporaryDirectory directory;
  const Dataset data = images(43);
  std::ostringstream text;
  text.precision(9);
  text << "a,b,c,d,e,f,g,h,i,j,k,l,y\n";
  for (std::size_t i = 0; i < 43; ++i) {
    for (std::size_t k = 0; k < 12; ++k) text << data.inputs[0].array.values[12 * i + k] << ",";
    text << data.targets[0].array.values[i] << "\n";
  }
  DataSpec spec;
  spec.file = directory.put("t.csv", text.str());
  spec.target = "y";
  const auto source = open_stream(spec);
  for (const std::string& plugin : each_plugin) {
    FitOptions options = options_for({plugin});
    options.stream = {1, 0};  // a ring of two buffers
    CHECK(trained(*source, options) == trained(data, options));
  }
}

TEST_CASE("A training that is continued has the batches that it would have had", "[plugins]") {
  const Dataset data = images(40);
  const FitOptions whole = options_for({"Mixup:alpha=1", "CutMix:height=3,width=4,probability=0.5"});
  const auto model = model_for();
  FitOptions part = whole;
  part.epochs = 2;
  (void)fit(*model, data, part);
  part.initial_epoch = 2;
  part.epochs = 4;
  (void)fit(*model, data, part);
  CHECK(weights_of(*model) == trained(data, whole));
}

TEST_CASE("LabelSmoothing of class numbers trains as the argument of categorical_crossentropy", "[plugins]") {
  Dataset data = images(40);
  const std::vector<float> smoothed = trained(data, options_for({"LabelSmoothing:factor=0.2"}));
  Array hot{{40, 3}, std::vector<float>(120)};
  for (std::size_t i = 0; i < 40; ++i)
    hot.values[3 * i + static_cast<std::size_t>(data.targets[0].array.values[i])] = 1;
  data.targets[0].array = hot;
  const auto model = model_for("categorical_crossentropy(label_smoothing=0.2)");
  (void)fit(*model, data, options_for({}));
  const std::vector<float> expected = weights_of(*model);
  REQUIRE(smoothed.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(smoothed[i] == Approx(expected[i]).epsilon(1e-4).margin(1e-6));
}

TEST_CASE("LabelSmoothing smooths what Mixup has mixed", "[plugins]") {
  const auto model = model_for();
  const History history = fit(*model, images(40), options_for({"Mixup", "LabelSmoothing"}));
  CHECK(history.last("loss").has_value());
}

TEST_CASE("Inputs that cannot be mixed end the run with the reason", "[plugins]") {
  CompileOptions compiled;
  compiled.loss = "sparse_categorical_crossentropy";
  const auto model = compile({{}, "embedding(12,4) flatten dense(3,softmax)", {12}}, compiled);
  Dataset data = images(16);
  for (float& value : data.inputs[0].array.values) value = std::round(value * 11);
  const std::string error = error_of([&] { return fit(*model, data, options_for({"Mixup:alpha=1"})); });
  CHECK_THAT(error, Contains("KAIROS-C001: Mixup") && Contains("on_train_batch_begin failed in epoch 1") &&
                        Contains("it wrote to the batch what the model does not accept: input \""));
}

TEST_CASE("HardestSamples names the rows of the data that have the largest losses", "[plugins]") {
  const TemporaryDirectory directory;
  Dataset data = images(40);
  data.targets[0].array.values[17] = 2 - data.targets[0].array.values[17];  // a wrong label
  FitOptions options = options_for(
      {"HardestSamples:filename=" + (directory / "h.csv").string() + ",count=40,source=validation"});
  options.validation_split = 0.5;
  options.split = Split::Shuffled;
  options.epochs = 1;
  const auto model = model_for();
  (void)fit(*model, data, options);
  std::istringstream lines(content_of(directory / "h.csv"));
  std::string line;
  std::getline(lines, line);
  std::vector<std::pair<std::int64_t, double>> found;
  while (std::getline(lines, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream fields(line);
    std::int64_t epoch = 0, rank = 0, row = 0;
    double loss = 0;
    fields >> epoch >> rank >> row >> loss;
    CHECK(rank == static_cast<std::int64_t>(found.size()) + 1);
    found.emplace_back(row, loss);
  }
  REQUIRE(found.size() == 20);
  for (const auto& [row, loss] : found) {
    PassOptions pass;
    const auto values = evaluate(*model, data.rows(row, row + 1), pass);
    CHECK(loss == Approx(values[0].second).epsilon(1e-4));
  }
  CHECK(std::is_sorted(found.begin(), found.end(),
                       [](const auto& a, const auto& b) { return a.second > b.second; }));
}
