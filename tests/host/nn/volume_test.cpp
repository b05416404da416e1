// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
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
using kairos::tests::random_values;

TEST_CASE("A Conv3D over one plane is a Conv2D", "[host][nn]") {
  const auto volume = graph_of("input(1,5,4,2) conv3d(3,(1,3,2),padding=same,strides=(1,2,1))");
  const auto image = graph_of("input(5,4,2) conv2d(3,(3,2),padding=same,strides=(2,1))");
  REQUIRE(volume->outputs()[0].shape == Shape{1, 3, 4, 3});
  REQUIRE(volume->layer(0).parameters()[0].shape == Shape{1, 3, 2, 2, 3});
  std::copy_n(volume->layer(0).parameters()[0].values.data(), 36,
              image->layer(0).parameters()[0].values.data());
  const std::vector<float> x = random_values(2 * 40, 3);
  const std::vector<float> y = kairos::tests::forward(*volume, x, 2);
  const std::vector<float> expected = kairos::tests::forward(*image, x, 2);
  for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == Approx(expected[i]).margin(1e-6));
}

TEST_CASE("A Conv3D sums over its depth", "[host][nn]") {
  const auto graph = graph_of("input(3,1,1,1) conv3d(1,(2,1,1))");
  graph->layer(0).parameters()[0].values.data()[0] = 1;
  graph->layer(0).parameters()[0].values.data()[1] = 10;
  CHECK(kairos::tests::forward(*graph, {1, 2, 3}, 1) == std::vector<float>{21, 32});
}

TEST_CASE("The pools of volumes take the maximum or the mean of a window", "[host][nn]") {
  const std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 9};
  const auto forward = [&](const char* layer) {
    return kairos::tests::forward(*graph_of(std::string("input(2,2,2,1) ") + layer), x, 1);
  };
  CHECK(forward("maxpool3d") == std::vector<float>{9});
  CHECK(forward("avgpool3d((2,1,2))") == std::vector<float>{3.5F, 5.75F});
  CHECK(forward("avgpool3d((1,2,1))") == std::vector<float>{2, 3, 6, 7.5F});
  CHECK(forward("maxpool3d(3,1,padding=same)") == std::vector<float>(8, 9));
  CHECK(forward("globalmaxpool3d") == std::vector<float>{9});
  CHECK(forward("globalavgpool3d") == std::vector<float>{4.625F});
  CHECK(graph_of("input(2,2,2,3) globalavgpool3d(keepdims=true)")->outputs()[0].shape == Shape{1, 1, 1, 3});
}

TEST_CASE("The gradients of layers of volumes agree with finite differences", "[host][nn]") {
  for (const char* layer :
       {"conv3d(3,2,tanh)", "conv3d(4,(2,1,3),padding=same,strides=(1,2,1))",
        "conv3d(2,2,dilation_rate=(1,2,1))", "conv3d(4,2,groups=2,use_bias=false)", "maxpool3d((1,2,2))",
        "avgpool3d(2,1,padding=same)", "globalmaxpool3d(keepdims=true)", "globalavgpool3d(keepdims=true)",
        "zeropad3d(((0,1),(1,0),2))", "crop3d((0,(1,0),(1,1)))"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(layer << " batch " << batch);
      check_gradients(*graph_of(std::string("input(3,4,3,1) dense(2,tanh) ") + layer + " flatten dense(2)"),
                      batch, 3e-3F);
    }
}

TEST_CASE("Layers of volumes are written and read back unchanged, and refuse other samples", "[host][nn]") {
  const std::string json = keras_json(
      {"",
       "input(6,6,6,2) zeropad3d(1) crop3d((1,1,(0,1))) "
       "conv3d(4,(2,3,1),relu,strides=(1,2,1),groups=2,l2=0.1) "
       "avgpool3d((2,1,1)) maxpool3d((1,2,1),1,padding=same) globalavgpool3d(keepdims=true) globalmaxpool3d",
       {}});
  CHECK(keras_json({"", json, {}}) == json);
  CHECK(error_of([] { graph_of("input(4,4,1) conv3d(2,3)"); }) ==
        "KAIROS-M008: layer \"conv3d\" (Conv3D): the input shape is not supported; found shape (4, 4, 1), "
        "expected "
        "samples of (depth, rows, columns, channels). Change the shape of the input, or put a layer such as "
        "reshape before it.");
  CHECK(error_of([] { graph_of("input(4,4,4,1) conv3d(2,5)"); }).find("at least the size of the kernel") !=
        std::string::npos);
}
