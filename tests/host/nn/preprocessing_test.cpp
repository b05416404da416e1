// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::graph_of;

namespace {

std::vector<float> encoded(const std::string& text, const std::vector<float>& x, std::int64_t batch = 1) {
  return kairos::tests::forward(*graph_of(text), x, batch);
}

}  // namespace

TEST_CASE("Normalization uses the mean and variance that it was given", "[host][nn]") {
  CHECK(encoded("input(2) normalization(mean=(1,2),variance=(4,0.25))", {3, 3}) == std::vector<float>{1, 2});
  CHECK(encoded("input(2) normalization(mean=1,variance=4)", {3, 5}) == std::vector<float>{1, 2});
  CHECK(encoded("input(2) normalization(mean=(1,2),variance=(4,0.25),invert=true)", {1, 2}) ==
        std::vector<float>{3, 3});
  CHECK(encoded("input(2,2) normalization(axis=1,mean=(1,2),variance=(1,1))", {1, 2, 3, 4}) ==
        std::vector<float>{0, 1, 1, 2});
  CHECK(graph_of("input(2) normalization(mean=(1,2),variance=(4,0.25))")->layer(0).parameters().empty());
  // A variance of 0 counts as that of Keras' epsilon.
  CHECK(encoded("input(1) normalization(mean=0,variance=0)", {1e-7F}) == std::vector<float>{1});
}

TEST_CASE("Normalization has its statistics as state where none were given", "[host][nn]") {
  const auto graph = graph_of("input(3,2) normalization");
  const auto state = graph->layer(0).parameters();
  REQUIRE(state.size() == 3);
  CHECK(state[0].name == "mean");
  CHECK(state[0].shape == Shape{2});
  CHECK(state[1].name == "variance");
  CHECK(state[2].name == "count");
  CHECK(state[2].shape.empty());
  for (const Parameter& parameter : state) CHECK_FALSE(parameter.trainable);
  const std::vector<float> x{1, 2, 3, 4, 5, 6};
  CHECK(kairos::tests::forward(*graph, x, 1) == x);
  state[0].values.data()[0] = 1;
  state[1].values.data()[0] = 4;
  CHECK(kairos::tests::forward(*graph, x, 1) == std::vector<float>{0, 2, 1, 4, 2, 6});
  CHECK(graph_of("input(3,2) normalization(axis=(1,2))")->layer(0).parameters()[0].shape == Shape{3, 2});
}

TEST_CASE("Rescaling takes a number for each channel", "[host][nn]") {
  CHECK(encoded("input(2,2) rescaling((1,10),offset=(0,1))", {1, 2, 3, 4}) ==
        std::vector<float>{1, 21, 3, 41});
  CHECK(encoded("input(2) rescaling(2,offset=(0,1))", {1, 2}) == std::vector<float>{2, 5});
  CHECK(error_of([] { graph_of("input(3) rescaling((1,10))"); }).find("2 channels") != std::string::npos);
}

TEST_CASE("Discretization numbers the bins, and encodes the numbers", "[host][nn]") {
  const float none = std::numeric_limits<float>::quiet_NaN();
  CHECK(encoded("input(5) discretization((-1,0,1))", {-2, -1, 0.5F, 1, none}) ==
        std::vector<float>{0, 1, 2, 3, 3});
  CHECK(encoded("input(1) discretization((0,1),output_mode=one_hot)", {0.5F, 2}, 2) ==
        std::vector<float>{0, 1, 0, 0, 0, 1});
  CHECK(encoded("input(2) discretization((0,1),output_mode=one_hot)", {0.5F, 2}) ==
        std::vector<float>{0, 1, 0, 0, 0, 1});
  CHECK(encoded("input(3) discretization((0,1),output_mode=multi_hot)", {0.5F, 2, 3}) ==
        std::vector<float>{0, 1, 1});
  CHECK(encoded("input(3) discretization((0,1),output_mode=count)", {0.5F, 2, 3}) ==
        std::vector<float>{0, 1, 2});
}

TEST_CASE("CategoryEncoding makes rows of categories", "[host][nn]") {
  CHECK(encoded("input(1) categoryencoding(3,one_hot)", {2}) == std::vector<float>{0, 0, 1});
  CHECK(graph_of("input(2) categoryencoding(3,one_hot)")->outputs()[0].shape == Shape{2, 3});
  CHECK(graph_of("input(2,1) categoryencoding(3,one_hot)")->outputs()[0].shape == Shape{2, 3});
  CHECK(encoded("input(3) categoryencoding(4)", {1, 3, 1}) == std::vector<float>{0, 1, 0, 1});
  CHECK(encoded("input(3) categoryencoding(4,count)", {1, 3, 1}) == std::vector<float>{0, 2, 0, 1});
  const auto graph = graph_of("input(1) categoryencoding(3)");
  for (const float wrong : {3.0F, -1.0F, 0.5F})
    CHECK(graph->input_fault(0, &wrong) ==
          "layer \"category_encoding\" (CategoryEncoding): its values must be integers from 0 to 2 "
          "(num_tokens - 1)");
  const float right = 2;
  CHECK(graph->input_fault(0, &right).empty());
}

TEST_CASE("The gradients of preprocessing agree with finite differences", "[host][nn]") {
  for (const char* layer :
       {"normalization(mean=(1,2),variance=(4,0.25))", "normalization(axis=1,mean=(1,2,0),variance=(1,2,3))",
        "normalization(mean=(1,2),variance=(4,0.25),invert=true)", "normalization",
        "rescaling((2,-1),offset=3)", "layerscale(0.5,2)"})
    check_gradients(*graph_of(std::string("input(3,2) dense(2,tanh) ") + layer + " flatten dense(2)"), 3);
}

TEST_CASE("Nothing before an encoding is trained by it", "[host][nn]") {
  const auto graph = graph_of("input(2) dense(2) discretization((0,1),output_mode=one_hot) flatten dense(1)");
  const std::vector<float> x{1, 2};
  graph->forward({1, Mode::Train, 0}, std::vector<const float*>{x.data()});
  *graph->output_gradient(0) = 1;
  graph->backward({1, Mode::Train, 0});
  for (int i = 0; i < 4; ++i) CHECK(graph->layer(0).parameters()[0].gradient.data()[i] == 0);
}

TEST_CASE("Preprocessing is written and read back unchanged, and refuses what it does not support",
          "[host][nn]") {
  const std::string json = keras_json(
      {"",
       "input(3,2) normalization(mean=(1,2),variance=(4,0.25)) normalization(axis=(1,2),invert=true) "
       "layerscale(0.25,2) flatten discretization((0,0.5,1)) categoryencoding(4,count)",
       {}});
  CHECK(keras_json({"", json, {}}) == json);
  CHECK(error_of([] { graph_of("input(2) discretization(num_bins=3)"); }) ==
        "KAIROS-M003: layer \"discretization\" (Discretization): \"bin_boundaries\" is missing; expected a "
        "list of "
        "numbers in ascending order. Adapt the layer in Keras and save the model again.");
  CHECK(error_of([] { graph_of("input(2) discretization((1,0))"); }).find("ascending order") !=
        std::string::npos);
  CHECK(error_of([] {
          graph_of("input(2) normalization(mean=(1,2,3),variance=(1,1,1))");
        }).find("3 values along \"axis\"") != std::string::npos);
  CHECK(error_of([] { graph_of("input(2) normalization(mean=1)"); }).find("as many numbers as \"mean\"") !=
        std::string::npos);
  CHECK(error_of([] { graph_of("input(2,2) categoryencoding(3)"); }).find("(categories)") !=
        std::string::npos);
  CHECK(error_of([] { graph_of("input(3) layerscale(1,2)"); }).find("projection_dim") != std::string::npos);
}
