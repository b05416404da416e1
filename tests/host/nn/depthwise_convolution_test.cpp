// SPDX-License-Identifier: MIT
#include <array>
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

namespace {

std::vector<float> forward(Graph& graph, const std::vector<float>& x, std::int64_t batch) {
  return kairos::tests::forward(graph, x, batch, Mode::Train);
}

struct Case {
  const char* arguments;  ///< of dwconv2d
  std::int64_t multiplier;
  std::array<std::int64_t, 2> kernel, stride, dilation;
  std::array<std::int64_t, 2> before, output;  ///< TensorFlow's values for samples of (7, 6, 3)
};

const std::vector<Case> cases{
    {"3", 1, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {5, 4}},
    {"3,padding=same", 1, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {7, 6}},
    {"3,padding=same,depth_multiplier=2", 2, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {7, 6}},
    {"3,padding=same,strides=2,depth_multiplier=3", 3, {3, 3}, {2, 2}, {1, 1}, {1, 0}, {4, 3}},
    {"2,strides=2", 1, {2, 2}, {2, 2}, {1, 1}, {0, 0}, {3, 3}},
    {"(2,3),strides=(1,2),padding=same,depth_multiplier=2", 2, {2, 3}, {1, 2}, {1, 1}, {0, 0}, {7, 3}},
    {"3,dilation_rate=2", 1, {3, 3}, {1, 1}, {2, 2}, {0, 0}, {3, 2}},
    {"(3,2),dilation_rate=(2,1),padding=same,depth_multiplier=2", 2, {3, 2}, {1, 1}, {2, 1}, {2, 0}, {7, 6}},
};

/// Keras' definition: output channel c * multiplier + m is channel c convolved with its kernel m.
double expected_at(const Case& c, const std::vector<float>& x, const float* kernel, const float* bias,
                   std::int64_t sample, std::int64_t row, std::int64_t column, std::int64_t output) {
  constexpr std::int64_t rows = 7, columns = 6, channels = 3;
  const std::int64_t channel = output / c.multiplier;
  double sum = static_cast<double>(bias[output]);
  for (std::int64_t i = 0; i < c.kernel[0]; ++i)
    for (std::int64_t j = 0; j < c.kernel[1]; ++j) {
      const std::int64_t y = row * c.stride[0] + i * c.dilation[0] - c.before[0];
      const std::int64_t z = column * c.stride[1] + j * c.dilation[1] - c.before[1];
      if (y < 0 || y >= rows || z < 0 || z >= columns) continue;
      const std::int64_t from = ((sample * rows + y) * columns + z) * channels + channel;
      const std::int64_t weight =
          ((i * c.kernel[1] + j) * channels + channel) * c.multiplier + output % c.multiplier;
      sum += static_cast<double>(x[static_cast<std::size_t>(from)]) * static_cast<double>(kernel[weight]);
    }
  return sum;
}

}  // namespace

TEST_CASE("DepthwiseConv2D convolves each channel with its own kernels", "[host][nn]") {
  for (const Case& c : cases)
    for (const std::int64_t batch : {1, 3}) {
      INFO(c.arguments << " batch " << batch);
      const auto graph = graph_of(std::string("input(7,6,3) dwconv2d(") + c.arguments + ")");
      const std::int64_t outputs = 3 * c.multiplier;
      REQUIRE(graph->outputs()[0].shape == Shape{c.output[0], c.output[1], outputs});
      const auto parameters = graph->layer(0).parameters();
      REQUIRE(parameters[0].name == "kernel");
      REQUIRE(parameters[0].shape == Shape{c.kernel[0], c.kernel[1], 3, c.multiplier});
      for (std::int64_t i = 0; i < outputs; ++i)
        parameters[1].values.data()[i] = static_cast<float>(i) * 0.25F;
      const std::vector<float> x = random_values(batch * 7 * 6 * 3, 3);
      const std::vector<float> y = forward(*graph, x, batch);
      std::size_t next = 0;
      for (std::int64_t sample = 0; sample < batch; ++sample)
        for (std::int64_t row = 0; row < c.output[0]; ++row)
          for (std::int64_t column = 0; column < c.output[1]; ++column)
            for (std::int64_t output = 0; output < outputs; ++output)
              REQUIRE(static_cast<double>(y[next++]) ==
                      Approx(expected_at(c, x, parameters[0].values.data(), parameters[1].values.data(),
                                         sample, row, column, output))
                          .margin(1e-5));
    }
}

TEST_CASE("DepthwiseConv2D's gradients agree with finite differences", "[host][nn]") {
  // The gradients of the first convolution depend on the second's backward pass.
  for (const Case& c : cases)
    for (const std::int64_t batch : {1, 3}) {
      INFO(c.arguments << " batch " << batch);
      check_gradients(*graph_of(std::string("input(7,6,1) conv2d(3,1,tanh,use_bias=false) dwconv2d(") +
                                c.arguments + ",activation=gelu) conv2d(1,1)"),
                      batch);
    }
  for (const char* arguments : {"3", "2,strides=2,padding=same", "2,depth_multiplier=2,use_bias=false"})
    for (const std::int64_t batch : {1, 3})
      check_gradients(
          *graph_of(std::string("input(7,2) dense(3,tanh) dwconv1d(") + arguments + ") flatten dense(2)"),
          batch);
}

TEST_CASE("DepthwiseConv2D's initial values use Keras' fans", "[host][nn]") {
  // fan in = 3 * 3 * 16 channels, fan out = 3 * 3 * 2: uniform within sqrt(6 / (144 + 18)).
  const auto graph = graph_of("input(8,8,16) dwconv2d(3,depth_multiplier=2)");
  const Parameter& kernel = graph->layer(0).parameters()[0];
  const auto [least, most] = std::minmax_element(kernel.values.data(), kernel.values.data() + kernel.size());
  CHECK(*most == Approx(0.19245F).epsilon(0.05));
  CHECK(*most < 0.19246F);
  CHECK(*least == Approx(-0.19245F).epsilon(0.05));
  CHECK(*least > -0.19246F);
}

TEST_CASE("DepthwiseConv2D is read from Keras 2 and written as Keras 3 does", "[host][nn]") {
  const auto graph =
      build_graph(read_keras_json(R"({"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "DepthwiseConv2D", "config": {"name": "dw", "trainable": true,
         "batch_input_shape": [null, 5, 5, 2], "dtype": "float32", "kernel_size": [3, 3], "strides": [1, 1],
         "padding": "same", "data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1,
         "activation": "relu", "use_bias": true, "bias_initializer": {"class_name": "Zeros", "config": {}},
         "bias_regularizer": null, "activity_regularizer": null, "bias_constraint": null,
         "depth_multiplier": 2, "depthwise_initializer": {"class_name": "GlorotUniform", "config": {"seed": null}},
         "depthwise_regularizer": {"class_name": "L2", "config": {"l2": 0.5}},
         "depthwise_constraint": {"class_name": "MaxNorm", "config": {"max_value": 3, "axis": [0, 1]}}}}]}})",
                                  "model"),
                  {}, 1);
  CHECK(graph->outputs()[0].shape == Shape{5, 5, 4});
  const nlohmann::json config = graph->layer(0).config();
  CHECK(config["depth_multiplier"] == 2);
  CHECK(config["depthwise_initializer"]["class_name"] == "GlorotUniform");
  CHECK(config["depthwise_regularizer"]["config"] == nlohmann::json{{"l2", 0.5}});
  CHECK(config["depthwise_constraint"]["config"] == nlohmann::json{{"max_value", 3.0}, {"axis", {0, 1}}});
  CHECK_FALSE(config.contains("kernel_initializer"));
  CHECK_FALSE(config.contains("groups"));
  CHECK_FALSE(config.contains("filters"));
}

TEST_CASE("DepthwiseConv2D refuses unsupported arguments", "[host][nn]") {
  CHECK(error_of([] { graph_of("input(7,2) dwconv2d(3)"); }) ==
        "KAIROS-M008: layer \"depthwise_conv2d\" (DepthwiseConv2D): the input shape is not supported; found "
        "shape (7, 2), expected samples of (rows, columns, channels). Change the shape of the input, or put "
        "a layer such as reshape before it.");
  CHECK(error_of([] { graph_of("input(7,7,2) dwconv2d(3,depth_multiplier=0)"); }) ==
        "KAIROS-M003: layer \"depthwise_conv2d\" (DepthwiseConv2D): \"depth_multiplier\" has a value that "
        "cannot be used; found 0, expected an integer from 1 to 1048576. Give \"depth_multiplier\" such a "
        "value.");
  CHECK(error_of([] { graph_of("input(7,7,2) dwconv2d(3,padding=causal)"); }) ==
        "KAIROS-M003: layer \"depthwise_conv2d\" (DepthwiseConv2D): \"padding\" has a value that cannot be "
        "used; found \"causal\", expected valid or same. Give \"padding\" such a value.");
}
