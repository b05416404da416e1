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

std::vector<float> forward(const std::string& text, const std::vector<float>& x) {
  return kairos::tests::forward(*graph_of(text), x, 1, Mode::Train);
}

}  // namespace

TEST_CASE("Rectifiers follow Keras' definitions", "[host][nn]") {
  const std::vector<float> x{-2, -0.5F, 0.5F, 2, 9};
  CHECK(forward("input(5) ReLU", x) == std::vector<float>{-0.0F, -0.0F, 0.5F, 2, 9});
  CHECK(forward("input(5) ReLU(6)", x) == std::vector<float>{-0.0F, -0.0F, 0.5F, 2, 6});
  CHECK(forward("input(5) ReLU(threshold=1)", x) == std::vector<float>{-0.0F, -0.0F, -0.0F, 2, 9});
  CHECK(forward("input(5) ReLU(threshold=1,negative_slope=0.5)", x) ==
        std::vector<float>{-1.5F, -0.75F, -0.25F, 2, 9});
  CHECK(forward("input(5) LeakyReLU(0.5)", x) == std::vector<float>{-1, -0.25F, 0.5F, 2, 9});
  CHECK(forward("input(5) LeakyReLU(alpha=0.5)", x) == std::vector<float>{-1, -0.25F, 0.5F, 2, 9});
  CHECK(forward("input(1) LeakyReLU", {-1})[0] == -0.3F);
  CHECK(forward("input(1) ELU(2)", {-1})[0] == Approx(2 * std::expm1(-1.0)));
  for (const char* layer : {"ReLU", "ReLU(6)", "LeakyReLU", "ELU"})
    CHECK(
        std::isnan(forward(std::string("input(1) ") + layer, {std::numeric_limits<float>::quiet_NaN()})[0]));
}

TEST_CASE("Rescaling multiplies by its scale and adds its offset", "[host][nn]") {
  CHECK(forward("input(3) rescaling(0.5,offset=-1)", {0, 2, 255}) == std::vector<float>{-1, 0, 126.5F});
  CHECK(error_of([] { graph_of("input(3) rescaling"); }).find("scale") != std::string::npos);
  const auto graph = graph_of("input(3) dense(2) rescaling(-3,offset=1) dense(2)");
  check_gradients(*graph, 3);
}

TEST_CASE("Softmax as a layer sums to one over its axes", "[host][nn]") {
  const std::vector<float> over_last = forward("input(2,2) Softmax", {0, 0, 1, 1});
  CHECK(over_last == std::vector<float>{0.5F, 0.5F, 0.5F, 0.5F});
  const std::vector<float> over_both = forward("input(2,2) Softmax((1,2))", {0, 0, 0, 0});
  CHECK(over_both == std::vector<float>{0.25F, 0.25F, 0.25F, 0.25F});
}

TEST_CASE("Reshape and ZeroPadding2D place the values", "[host][nn]") {
  CHECK(graph_of("input(12) reshape((2,-1,3))")->outputs()[0].shape == Shape{2, 2, 3});
  CHECK(forward("input(4) reshape((2,2,1)) zeropad(1)", {1, 2, 3, 4}) ==
        std::vector<float>{0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0});
  CHECK(forward("input(4) reshape((2,2,1)) zeropad(((0,1),(2,0)))", {1, 2, 3, 4}) ==
        std::vector<float>{0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0});
  CHECK(graph_of("input(2,2,1) zeropad((1,0))")->outputs()[0].shape == Shape{4, 2, 1});
}

TEST_CASE("LayerNormalization normalizes each sample to mean 0 and variance 1", "[host][nn]") {
  CHECK(forward("input(2) layernorm(0)", {1, 3}) == std::vector<float>{-1, 1});
  CHECK(forward("input(2,2) layernorm(0)", {1, 3, 30, 10}) == std::vector<float>{-1, 1, 1, -1});
  CHECK(graph_of("input(3,2) layernorm(axis=(1,2))")->layer(0).parameters()[0].shape == Shape{3, 2});
}

TEST_CASE("The gradients of layers without products agree with finite differences", "[host][nn]") {
  for (const char* middle :
       {"ReLU(threshold=0.5,negative_slope=0.1)", "ReLU(0.4)", "LeakyReLU", "ELU(1.5)", "Softmax",
        "Softmax(axis=(1,2,3))", "reshape((6,-1)) dense(2,tanh) reshape((3,2,2))", "zeropad(((1,0),(0,2)))",
        "layernorm", "layernorm(axis=(2,3))", "layernorm(center=false)", "layernorm(scale=false)"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(middle << " batch " << batch);
      check_gradients(*graph_of(std::string("input(3,2,2) dense(2,sigmoid) ") + middle + " flatten dense(2)"),
                      batch, 1e-3F);
    }
}

TEST_CASE("Layers without products refuse unsupported arguments", "[host][nn]") {
  const std::vector<std::pair<const char*, const char*>> refused{
      {"input(7) reshape((2,4))",
       "KAIROS-M008: layer \"reshape\" (Reshape): the input shape is not supported; found shape (7), "
       "expected as many values as target_shape (2, 4) holds. Change the shape of the input, or put a layer "
       "such as reshape before it."},
      {"input(8) reshape((3,-1))",
       "KAIROS-M008: layer \"reshape\" (Reshape): the input shape is not supported; found shape (8), "
       "expected as many values as target_shape (3, -1) holds. Change the shape of the input, or put a layer "
       "such as reshape before it."},
      {"input(8) reshape((-1,-1))",
       "KAIROS-M003: layer \"reshape\" (Reshape): \"target_shape\" has a value that cannot be used; found "
       "[-1,-1], expected a list of positive integers, with at most one -1 for the remaining size. Give "
       "\"target_shape\" such a value."},
      {"input(4,4,1) zeropad(((1,2,3),1))",
       "KAIROS-M003: layer \"zero_padding2d\" (ZeroPadding2D): \"padding\" has a value that cannot be used; "
       "found [[1,2,3],1], expected an integer of at least 0, (rows, columns), or ((top, bottom), (left, "
       "right)). Give \"padding\" such a value."},
      {"input(4) LeakyReLU(0.1,alpha=0.2)",
       "KAIROS-M003: layer \"leaky_re_lu\" (LeakyReLU): \"alpha\" has a value that cannot be used; found "
       "0.2, expected only one of alpha and negative_slope. Leave one of them out."},
      {"input(4) layernorm(rms_scaling=true)",
       "KAIROS-M004: layer \"layer_normalization\" (LayerNormalization): \"rms_scaling\" is not supported; "
       "found true, expected false. Remove it from the layer."},
  };
  for (const auto& [text, sentence] : refused) CHECK(error_of([text = text] { graph_of(text); }) == sentence);
}

TEST_CASE("Every layer is written and read back unchanged", "[host][nn]") {
  const std::string json = keras_json(
      {"",
       "input(9,8,4) zeropad(((1,0),2)) conv2d(4,(3,2),relu,strides=(2,1),padding=same,groups=2,l2=0.1) "
       "maxpool((2,1),padding=same) batchnorm(0.9,0.01,center=false) avgpool(2,1) "
       "ReLU(6,negative_slope=0.25) "
       "LeakyReLU(0.5) ELU(0.5) layernorm(0.25,axis=(2,3)) reshape((-1,4)) conv1d(4,2,dilation_rate=2) "
       "maxpool1d avgpool1d(2,1) Softmax reshape((1,-1,4)) globalavgpool(keepdims=true) globalmaxpool",
       {}});
  CHECK(keras_json({"", json, {}}) == json);
}
