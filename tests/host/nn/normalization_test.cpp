// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::forward;
using kairos::tests::graph_of;

namespace {

Parameter& parameter(Graph& graph, std::size_t layer, const std::string& name) {
  for (Parameter& candidate : graph.layer(layer).parameters())
    if (candidate.name == name) return candidate;
  throw std::runtime_error("no parameter " + name);
}

}  // namespace

TEST_CASE("BatchNormalization uses the statistics of the batch and updates the moving averages",
          "[host][nn]") {
  const auto graph = graph_of("input(2) batchnorm(momentum=0.75,epsilon=0)");
  const std::vector<float> y = forward(*graph, {1, 10, 3, 30}, 2, Mode::Train);
  CHECK(y == std::vector<float>{-1, -1, 1, 1});
  const float* const mean = parameter(*graph, 0, "moving_mean").values.data();
  const float* const variance = parameter(*graph, 0, "moving_variance").values.data();
  CHECK(mean[0] == 0.5F);
  CHECK(mean[1] == 5.0F);
  CHECK(variance[0] == 1.0F);  // 0.75 · 1 + 0.25 · 1
  CHECK(variance[1] == 25.75F);
}

TEST_CASE("BatchNormalization uses its moving averages in inference and when frozen", "[host][nn]") {
  for (const bool frozen : {false, true}) {
    const auto graph =
        graph_of(std::string("input(1) batchnorm(epsilon=0,trainable=") + (frozen ? "false)" : "true)"));
    parameter(*graph, 0, "moving_mean").values.data()[0] = 2;
    parameter(*graph, 0, "moving_variance").values.data()[0] = 4;
    parameter(*graph, 0, "gamma").values.data()[0] = 3;
    parameter(*graph, 0, "beta").values.data()[0] = 1;
    CHECK(forward(*graph, {4, 2}, 2, frozen ? Mode::Train : Mode::Infer) == std::vector<float>{4, 1});
    CHECK(parameter(*graph, 0, "moving_mean").values.data()[0] == 2.0F);
  }
}

TEST_CASE("BatchNormalization's gradients agree with finite differences", "[host][nn]") {
  for (const char* text : {"input(3) dense(4,tanh) batchnorm dense(2,tanh)",
                           "input(5,3) dense(3,tanh) batchnorm(epsilon=0.1) flatten dense(3)",
                           "input(3) dense(4,tanh) batchnorm(center=false) dense(2,tanh)",
                           "input(3) dense(4,tanh) batchnorm(scale=false) dense(2,tanh)",
                           "input(3) dense(4,tanh) batchnorm(trainable=false) dense(2,tanh)"})
    for (const std::int64_t batch : {1, 4, 7}) {
      INFO(text << " batch " << batch);
      check_gradients(*graph_of(text), batch);
    }
}

TEST_CASE("BatchNormalization saves its trained weights first", "[host][nn]") {
  const kairos::tests::TemporaryDirectory directory;
  CompileOptions options;
  options.loss = "mse";
  const auto model = compile({"", "input(3) dense(2) batchnorm dense(1)", {}}, options);
  std::vector<std::string> names;
  for (const TensorRef& tensor : model->tensors(Role::Weight)) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"dense/kernel", "dense/bias", "batch_normalization/gamma",
                                          "batch_normalization/beta", "batch_normalization/moving_mean",
                                          "batch_normalization/moving_variance", "dense_1/kernel",
                                          "dense_1/bias"});
  REQUIRE(model->tensors(Role::Buffer).size() == 2);
  CHECK_FALSE(model->tensors(Role::Buffer)[0].trainable);
  model->tensors(Role::Buffer)[1].data[0] = 42;
  for (const char* name : {"w.h5", "w.weights.h5", "w.npz"}) {
    INFO(name);
    model->save(directory / name, SaveContent::Weights);
    const auto other = compile({"", "input(3) dense(2) batchnorm dense(1)", {}}, options);
    other->load_weights(directory / name);
    CHECK(kairos::tests::weights_of(*model) == kairos::tests::weights_of(*other));
  }
  model->save(directory / "w.weights.h5", SaveContent::Weights);
  for (const LayerWeights& layer : read_model_file(directory / "w.weights.h5").layers)
    if (layer.name == "batch_normalization") CHECK(layer.weights.at(3).array.values.at(0) == 42.0F);
}

TEST_CASE("An axis that is not at the end is refused", "[host][nn]") {
  CHECK(error_of([] { graph_of("input(3,2) batchnorm(axis=1)"); }) ==
        "KAIROS-M004: layer \"batch_normalization\" (BatchNormalization): \"axis\" is supported for "
        "dimensions at the end of a sample only; found 1 for samples of shape (3, 2), expected -1. Move the "
        "dimension to the end.");
  CHECK_NOTHROW(graph_of("input(3,2) batchnorm(axis=2)"));
}
