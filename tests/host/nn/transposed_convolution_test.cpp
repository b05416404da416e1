// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"
#include "nn/layer_registry.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::graph_of;
using kairos::tests::random_values;

namespace {

struct TransposedCase {
  const char* arguments;  ///< of conv2dtranspose(3,…
  std::array<std::int64_t, 2> kernel, stride, dilation;
  std::array<std::int64_t, 2> before, output;  ///< TensorFlow's values for samples of (4, 3, 2)
};

const std::vector<TransposedCase> transposed_cases{
    {"3", {3, 3}, {1, 1}, {1, 1}, {0, 0}, {6, 5}},
    {"3,padding=same", {3, 3}, {1, 1}, {1, 1}, {1, 1}, {4, 3}},
    {"2,strides=2", {2, 2}, {2, 2}, {1, 1}, {0, 0}, {8, 6}},
    {"2,strides=3", {2, 2}, {3, 3}, {1, 1}, {0, 0}, {12, 9}},
    {"4,strides=2,padding=same", {4, 4}, {2, 2}, {1, 1}, {1, 1}, {8, 6}},
    {"3,strides=2,padding=same", {3, 3}, {2, 2}, {1, 1}, {0, 0}, {8, 6}},
    {"3,strides=2,padding=same,output_padding=0", {3, 3}, {2, 2}, {1, 1}, {1, 1}, {7, 5}},
    {"3,strides=2,padding=same,output_padding=1", {3, 3}, {2, 2}, {1, 1}, {0, 0}, {8, 6}},
    {"3,strides=(2,1),output_padding=(1,0)", {3, 3}, {2, 1}, {1, 1}, {0, 0}, {10, 5}},
    {"3,dilation_rate=2", {3, 3}, {1, 1}, {2, 2}, {0, 0}, {8, 7}},
};

/// Adds each input, times the kernel, to the outputs around it. The kernel is [rows, columns, filters,
/// channels].
std::vector<double> transposed(const TransposedCase& c, const std::vector<float>& x, const float* kernel) {
  constexpr std::int64_t rows = 4, columns = 3, channels = 2, filters = 3;
  std::vector<double> y(static_cast<std::size_t>(c.output[0] * c.output[1] * filters), 0.25);
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      for (std::int64_t i = 0; i < c.kernel[0]; ++i)
        for (std::int64_t j = 0; j < c.kernel[1]; ++j) {
          const std::int64_t r = row * c.stride[0] + i * c.dilation[0] - c.before[0];
          const std::int64_t s = column * c.stride[1] + j * c.dilation[1] - c.before[1];
          if (r < 0 || r >= c.output[0] || s < 0 || s >= c.output[1]) continue;
          for (std::int64_t f = 0; f < filters; ++f)
            for (std::int64_t k = 0; k < channels; ++k)
              y[static_cast<std::size_t>((r * c.output[1] + s) * filters + f)] +=
                  static_cast<double>(x[static_cast<std::size_t>((row * columns + column) * channels + k)]) *
                  static_cast<double>(kernel[((i * c.kernel[1] + j) * filters + f) * channels + k]);
        }
  return y;
}

}  // namespace

TEST_CASE("Conv2DTranspose computes its definition with Keras' sizes", "[host][nn]") {
  for (const TransposedCase& c : transposed_cases) {
    INFO(c.arguments);
    const auto graph = graph_of(std::string("input(4,3,2) conv2dtranspose(3,") + c.arguments + ")");
    REQUIRE(graph->outputs()[0].shape == Shape{c.output[0], c.output[1], 3});
    const auto parameters = graph->layer(0).parameters();
    REQUIRE(parameters[0].shape == Shape{c.kernel[0], c.kernel[1], 3, 2});
    std::fill_n(parameters[1].values.data(), 3, 0.25F);
    const std::vector<float> x = random_values(4 * 3 * 2, 3);
    const std::vector<float> y = kairos::tests::forward(*graph, x, 1);
    const std::vector<double> expected = transposed(c, x, parameters[0].values.data());
    for (std::size_t i = 0; i < y.size(); ++i)
      REQUIRE(static_cast<double>(y[i]) == Approx(expected[i]).margin(1e-5));
  }
}

TEST_CASE("The gradients of transposed convolutions agree with finite differences", "[host][nn]") {
  for (const TransposedCase& c : transposed_cases)
    for (const std::int64_t batch : {1, 3}) {
      INFO(c.arguments << " batch " << batch);
      check_gradients(*graph_of(std::string("input(4,3,1) conv2d(2,1,tanh) conv2dtranspose(3,") +
                                c.arguments + ",activation=gelu) conv2d(1,1)"),
                      batch);
    }
  for (const char* arguments :
       {"3", "4,strides=2,padding=same", "2,strides=3,output_padding=2", "2,use_bias=false"})
    check_gradients(*graph_of(std::string("input(5,2) dense(2,tanh) conv1dtranspose(3,") + arguments +
                              ") flatten dense(2)"),
                    3);
}

TEST_CASE("Conv1DTranspose works along the length of a sample", "[host][nn]") {
  const auto graph = graph_of("input(2,1) conv1dtranspose(1,3,strides=2)");
  REQUIRE(graph->outputs()[0].shape == Shape{5, 1});
  REQUIRE(graph->layer(0).parameters()[0].shape == Shape{3, 1, 1});
  for (int i = 0; i < 3; ++i) graph->layer(0).parameters()[0].values.data()[i] = static_cast<float>(i + 1);
  CHECK(kairos::tests::forward(*graph, {1, 10}, 1) == std::vector<float>{1, 2, 13, 20, 30});
}

TEST_CASE("Transposed convolutions refuse what Keras refuses", "[host][nn]") {
  CHECK(error_of([] { graph_of("input(4,4,1) conv2dtranspose(2,3,strides=2,output_padding=2)"); }) ==
        "KAIROS-M003: layer \"conv2d_transpose\" (Conv2DTranspose): \"output_padding\" has a value that "
        "cannot be "
        "used; found 2, expected an integer from 0 to below the stride, or a list of one for each dimension. "
        "Give \"output_padding\" such a value.");
  CHECK(error_of([] {
          graph_of("input(100000,1) conv1dtranspose(1,1048576,strides=1048576)");
        }).find("whose output has at most 2147483648 values") != std::string::npos);
  CHECK(error_of([] { graph_of("input(4,1) conv2dtranspose(2,3)"); }).find("(rows, columns, channels)") !=
        std::string::npos);
  CHECK(error_of([] {
          graph_of("input(4,4,1) conv2dtranspose(2,3,padding=causal)");
        }).find("valid or same") != std::string::npos);
  CHECK(error_of([] {
          graph_of("input(4,4,1) conv2dtranspose(2,3,data_format=channels_first)");
        }).find("\"data_format\" is not supported") != std::string::npos);
}

TEST_CASE("Transposed and separable convolutions are written and read back unchanged", "[host][nn]") {
  const std::string json =
      keras_json({"",
                  "input(4,4,2) conv2dtranspose(3,(3,2),relu,strides=2,padding=same,output_padding=1,l2=0.1) "
                  "sepconv2d(4,3,tanh,strides=2,depth_multiplier=2,use_bias=false) reshape((-1,4)) "
                  "conv1dtranspose(2,3,dilation_rate=2) sepconv1d(3,2,padding=same)",
                  {}});
  CHECK(keras_json({"", json, {}}) == json);
}

TEST_CASE("What Keras 2 writes to these convolutions without effect is read", "[host][nn]") {
  const auto read = [](const char* class_name, nlohmann::json json) {
    json["name"] = "l";
    json["filters"] = 2;
    json["kernel_size"] = 3;
    UnknownKeys unknown(true);
    ConfigReader config(json, class_name, {"layer", class_name, &unknown});
    (void)find_layer_type(class_name)->make(config);
    config.finish();
  };
  for (const char* class_name : {"SeparableConv1D", "SeparableConv2D"})
    CHECK_NOTHROW(
        read(class_name, {{"groups", 1}, {"kernel_initializer", "zeros"}, {"kernel_regularizer", "l2"}}));
  for (const char* class_name : {"Conv1DTranspose", "Conv2DTranspose"}) {
    CHECK_NOTHROW(read(class_name, {{"groups", 1}, {"data_format", "channels_last"}}));
    CHECK(error_of([&] {
            read(class_name, {{"groups", 2}});
          }).find("\"groups\" is not supported") != std::string::npos);
  }
}

TEST_CASE("A separable convolution is a depthwise one and a product over its channels", "[host][nn]") {
  const auto separable =
      graph_of("input(5,4,2) sepconv2d(3,(3,2),strides=2,padding=same,depth_multiplier=2)");
  const auto parts = graph_of(
      "input(5,4,2) dwconv2d((3,2),strides=2,padding=same,depth_multiplier=2,use_bias=false) conv2d(3,1)");
  const auto weights = separable->layer(0).parameters();
  REQUIRE(weights[0].shape == Shape{3, 2, 2, 2});
  REQUIRE(weights[1].shape == Shape{1, 1, 4, 3});
  std::fill_n(weights[2].values.data(), 3, 0.5F);
  std::copy_n(weights[0].values.data(), 24, parts->layer(0).parameters()[0].values.data());
  std::copy_n(weights[1].values.data(), 12, parts->layer(1).parameters()[0].values.data());
  std::copy_n(weights[2].values.data(), 3, parts->layer(1).parameters()[1].values.data());
  const std::vector<float> x = random_values(2 * 40, 3);
  const std::vector<float> y = kairos::tests::forward(*separable, x, 2);
  const std::vector<float> expected = kairos::tests::forward(*parts, x, 2);
  REQUIRE(y.size() == expected.size());
  for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == Approx(expected[i]).margin(1e-6));
}

TEST_CASE("The gradients of separable convolutions agree with finite differences", "[host][nn]") {
  for (const char* arguments : {"3", "3,padding=same,strides=2", "2,depth_multiplier=2,activation=gelu",
                                "2,dilation_rate=2,use_bias=false"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(arguments << " batch " << batch);
      check_gradients(*graph_of(std::string("input(5,4,1) conv2d(2,1,tanh) sepconv2d(3,") + arguments +
                                ") flatten dense(2)"),
                      batch);
      check_gradients(
          *graph_of(std::string("input(6,2) dense(2,tanh) sepconv1d(3,") + arguments + ") flatten dense(2)"),
          batch);
    }
}
