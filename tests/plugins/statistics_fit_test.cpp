// SPDX-License-Identifier: MIT
// The statistics of BatchNormalization of averaged weights, in real fits: recomputed here from the weights
// and the data.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

constexpr std::size_t samples = 22, features = 3, units = 4, batch_size = 8;

Dataset table() {
  Dataset data;
  NamedArray x{"", {{samples, features}, {}}}, y{"", {{samples}, {}}};
  for (std::size_t i = 0; i < samples; ++i) {
    for (std::size_t f = 0; f < features; ++f)
      x.array.values.push_back(std::sin(static_cast<float>(5 * i + f)) * static_cast<float>(f + 1));
    y.array.values.push_back(static_cast<float>(i % 3));
  }
  data.inputs = {x};
  data.targets = {y};
  data.origin = "table";
  return data;
}

std::unique_ptr<Model> model_of() {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.2)";
  options.loss = "sparse_categorical_crossentropy";
  options.seed = 4;
  return compile({{}, "dense(4) batchnorm dropout(0.3) dense(3,softmax)", {features}}, options);
}

/// The history of the fit.
History trained(Model& model, const std::string& plugin) {
  const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS});
  FitOptions options;
  options.catalog = &catalog;
  options.plugins = {parse_plugin_spec(plugin)};
  options.batch_size = batch_size;
  options.epochs = 5;
  options.shuffle = Shuffle::None;
  options.validation_data = table();
  return fit(model, table(), options);
}

std::vector<double> values_of(Model& model, const std::string& name) {
  for (const TensorRef& tensor : model.tensors(Role::Weight))
    if (tensor.name.ends_with(name)) return {tensor.data, tensor.data + tensor.size()};
  return {};
}

/// The mean over batches of the mean and the variance of each unit of the first layer, in float64.
struct Expected {
  explicit Expected(Model& model) : mean(units), variance(units) {
    const Dataset data = table();
    const std::vector<double> kernel = values_of(model, "dense/kernel"),
                              bias = values_of(model, "dense/bias");
    REQUIRE(kernel.size() == features * units);
    constexpr std::size_t batches = (samples + batch_size - 1) / batch_size;
    for (std::size_t first = 0; first < samples; first += batch_size) {
      const std::size_t n = std::min(batch_size, samples - first);
      for (std::size_t u = 0; u < units; ++u) {
        std::vector<double> outputs;
        double sum = 0, squares = 0;
        for (std::size_t i = first; i < first + n; ++i) {
          double output = bias[u];
          for (std::size_t f = 0; f < features; ++f)
            output +=
                static_cast<double>(data.inputs[0].array.values[i * features + f]) * kernel[f * units + u];
          outputs.push_back(output);
          sum += output;
        }
        for (const double output : outputs) squares += std::pow(output - sum / static_cast<double>(n), 2);
        mean[u] += sum / static_cast<double>(n * batches);
        variance[u] += squares / static_cast<double>(n * batches);
      }
    }
  }
  std::vector<double> mean, variance;
};

bool near(const std::vector<double>& found, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (found.at(i) != Approx(expected[i]).epsilon(1e-5).margin(1e-6)) return false;
  return true;
}

}  // namespace

TEST_CASE("The result of averaging has statistics of its own weights", "[plugins]") {
  const std::string plugin = GENERATE("StochasticWeightAveraging:swa_epoch_start=3",
                                      "ExponentialMovingAverage:decay=0.5,update_bn=true");
  INFO(plugin);
  const auto model = model_of();
  const History history = trained(*model, plugin);
  const Expected expected(*model);
  CHECK(near(values_of(*model, "moving_mean"), expected.mean));
  CHECK(near(values_of(*model, "moving_variance"), expected.variance));
  // What the last epoch validated is this model.
  PassOptions options;
  options.batch_size = batch_size;
  const auto found = std::ranges::find(history.series, "val_loss", &History::Series::key);
  REQUIRE(found != history.series.end());
  CHECK(found->values.back().value() == evaluate(*model, table(), options).front().second);
}

TEST_CASE("Without update_bn the statistics are those of the training", "[plugins]") {
  const std::string plugin = GENERATE("StochasticWeightAveraging:swa_epoch_start=3,update_bn=false",
                                      "ExponentialMovingAverage:decay=0.5");
  INFO(plugin);
  const auto model = model_of();
  trained(*model, plugin);
  CHECK_FALSE(near(values_of(*model, "moving_variance"), Expected(*model).variance));
}

TEST_CASE("Measuring statistics does not change what is trained", "[plugins]") {
  const auto losses = [](const std::string& plugin) {
    const auto model = model_of();
    const History history = trained(*model, plugin);
    return std::ranges::find(history.series, "loss", &History::Series::key)->values;
  };
  CHECK(losses("ExponentialMovingAverage:update_bn=true") == losses("ExponentialMovingAverage"));
}
