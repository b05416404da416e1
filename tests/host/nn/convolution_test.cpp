// SPDX-License-Identifier: MIT
#include <array>
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
using kairos::tests::random_values;

namespace {

std::vector<float> forward(Graph& graph, const std::vector<float>& x, std::int64_t batch) {
  return kairos::tests::forward(graph, x, batch, Mode::Train);
}

struct Case {
  const char* arguments;  ///< of conv2d(4,…
  std::array<std::int64_t, 2> kernel, stride, dilation;
  std::int64_t groups;
  std::array<std::int64_t, 2> before, output;  ///< TensorFlow's values for samples of (7, 6, 2)
};

const std::vector<Case> cases{
    {"3", {3, 3}, {1, 1}, {1, 1}, 1, {0, 0}, {5, 4}},
    {"3,padding=same", {3, 3}, {1, 1}, {1, 1}, 1, {1, 1}, {7, 6}},
    {"2,padding=same", {2, 2}, {1, 1}, {1, 1}, 1, {0, 0}, {7, 6}},
    {"3,padding=same,strides=2", {3, 3}, {2, 2}, {1, 1}, 1, {1, 0}, {4, 3}},
    {"3,strides=2", {3, 3}, {2, 2}, {1, 1}, 1, {0, 0}, {3, 2}},
    {"1,padding=same,strides=3", {1, 1}, {3, 3}, {1, 1}, 1, {0, 0}, {3, 2}},
    {"(2,3),strides=(1,2),padding=same", {2, 3}, {1, 2}, {1, 1}, 1, {0, 0}, {7, 3}},
    {"3,dilation_rate=2", {3, 3}, {1, 1}, {2, 2}, 1, {0, 0}, {3, 2}},
    {"3,dilation_rate=2,padding=same", {3, 3}, {1, 1}, {2, 2}, 1, {2, 2}, {7, 6}},
    {"3,groups=2,padding=same", {3, 3}, {1, 1}, {1, 1}, 2, {1, 1}, {7, 6}},
    {"3,groups=2,padding=same,strides=2", {3, 3}, {2, 2}, {1, 1}, 2, {1, 0}, {4, 3}},
    {"(1,5),padding=same", {1, 5}, {1, 1}, {1, 1}, 1, {0, 2}, {7, 6}},
    {"(7,6)", {7, 6}, {1, 1}, {1, 1}, 1, {0, 0}, {1, 1}},
};

/// Computes the definition.
double expected_at(const Case& c, const std::vector<float>& x, const float* kernel, const float* bias,
                   std::int64_t sample, std::int64_t row, std::int64_t column, std::int64_t filter) {
  constexpr std::int64_t rows = 7, columns = 6, channels = 2, filters = 4;
  const std::int64_t group_channels = channels / c.groups;
  const std::int64_t first_channel = filter / (filters / c.groups) * group_channels;
  double sum = static_cast<double>(bias[filter]);
  for (std::int64_t i = 0; i < c.kernel[0]; ++i)
    for (std::int64_t j = 0; j < c.kernel[1]; ++j) {
      const std::int64_t y = row * c.stride[0] + i * c.dilation[0] - c.before[0];
      const std::int64_t z = column * c.stride[1] + j * c.dilation[1] - c.before[1];
      if (y < 0 || y >= rows || z < 0 || z >= columns) continue;
      for (std::int64_t k = 0; k < group_channels; ++k)
        sum += static_cast<double>(x[static_cast<std::size_t>(((sample * rows + y) * columns + z) * channels +
                                                              first_channel + k)]) *
               static_cast<double>(kernel[((i * c.kernel[1] + j) * group_channels + k) * filters + filter]);
    }
  return sum;
}

}  // namespace

TEST_CASE("Conv2D computes its definition with TensorFlow's padding", "[host][nn]") {
  for (const Case& c : cases)
    for (const std::int64_t batch : {1, 3}) {
      INFO(c.arguments << " batch " << batch);
      const auto graph = graph_of(std::string("input(7,6,2) conv2d(4,") + c.arguments + ")");
      REQUIRE(graph->outputs()[0].shape == Shape{c.output[0], c.output[1], 4});
      const auto parameters = graph->layer(0).parameters();
      REQUIRE(parameters[0].shape == Shape{c.kernel[0], c.kernel[1], 2 / c.groups, 4});
      for (int i = 0; i < 4; ++i) parameters[1].values.data()[i] = static_cast<float>(i) * 0.25F;
      const std::vector<float> x = random_values(batch * 7 * 6 * 2, 3);
      const std::vector<float> y = forward(*graph, x, batch);
      std::size_t next = 0;
      for (std::int64_t sample = 0; sample < batch; ++sample)
        for (std::int64_t row = 0; row < c.output[0]; ++row)
          for (std::int64_t column = 0; column < c.output[1]; ++column)
            for (std::int64_t filter = 0; filter < 4; ++filter)
              REQUIRE(static_cast<double>(y[next++]) ==
                      Approx(expected_at(c, x, parameters[0].values.data(), parameters[1].values.data(),
                                         sample, row, column, filter))
                          .margin(1e-5));
    }
}

TEST_CASE("Conv2D's gradients agree with finite differences", "[host][nn]") {
  // The gradients of the first convolution depend on the second's backward pass.
  for (const Case& c : cases)
    for (const std::int64_t batch : {1, 3}) {
      INFO(c.arguments << " batch " << batch);
      check_gradients(*graph_of(std::string("input(7,6,1) conv2d(2,1,tanh,use_bias=false) conv2d(4,") +
                                c.arguments + ",activation=gelu) conv2d(1,1)"),
                      batch);
    }
}

TEST_CASE("Conv1D works along the length of a sample", "[host][nn]") {
  const auto graph = graph_of("input(4,1) conv1d(1,2,padding=same)");
  REQUIRE(graph->outputs()[0].shape == Shape{4, 1});
  REQUIRE(graph->layer(0).parameters()[0].shape == Shape{2, 1, 1});
  graph->layer(0).parameters()[0].values.data()[0] = 1;
  graph->layer(0).parameters()[0].values.data()[1] = 10;
  CHECK(forward(*graph, {1, 2, 3, 4}, 1) == std::vector<float>{21, 32, 43, 4});
  for (const char* arguments : {"3", "3,strides=2,padding=same", "2,dilation_rate=2", "3,groups=2"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(arguments << " batch " << batch);
      check_gradients(
          *graph_of(std::string("input(7,2) dense(2,tanh) conv1d(4,") + arguments + ") flatten dense(2)"),
          batch);
    }
}

TEST_CASE("Conv1D with causal padding does not depend on later steps", "[host][nn]") {
  const auto graph = graph_of("input(5,1) conv1d(1,2,padding=causal,use_bias=false)");
  REQUIRE(graph->outputs()[0].shape == Shape{5, 1});
  float* const kernel = graph->layer(0).parameters()[0].values.data();
  kernel[0] = 10;
  kernel[1] = 1;
  CHECK(forward(*graph, {1, 2, 3, 4, 5}, 1) == std::vector<float>{1, 12, 23, 34, 45});

  const auto wide = graph_of("input(5,1) conv1d(1,2,padding=causal,dilation_rate=2,use_bias=false)");
  std::copy_n(kernel, 2, wide->layer(0).parameters()[0].values.data());
  CHECK(forward(*wide, {1, 2, 3, 4, 5}, 1) == std::vector<float>{1, 2, 13, 24, 35});

  const auto sparse = graph_of("input(5,1) conv1d(1,3,padding=causal,strides=2,use_bias=false)");
  float* const three = sparse->layer(0).parameters()[0].values.data();
  three[0] = 100;
  three[1] = 10;
  three[2] = 1;
  CHECK(forward(*sparse, {1, 2, 3, 4, 5}, 1) == std::vector<float>{1, 123, 345});
  CHECK(sparse->layer(0).config()["padding"] == "causal");

  for (const char* arguments : {"3", "3,strides=2", "2,dilation_rate=3", "2,groups=2", "8"})
    for (const std::int64_t batch : {1, 3})
      check_gradients(*graph_of(std::string("input(6,2) dense(2,tanh) conv1d(4,") + arguments +
                                ",padding=causal) flatten dense(2)"),
                      batch);
}

TEST_CASE("Pooling computes the maximum or the mean without the padding", "[host][nn]") {
  struct PoolCase {
    const char* text;
    std::vector<float> expected;
  };
  const std::vector<float> x{-1, -2, -3, -4, -5, -6, -7, -8, -9};
  const std::vector<PoolCase> pools{
      {"maxpool", {-1}},
      {"maxpool(2,1)", {-1, -2, -4, -5}},
      {"maxpool(padding=same)", {-1, -3, -7, -9}},
      {"maxpool(3,2,padding=same)", {-1, -2, -4, -5}},
      {"maxpool((1,3))", {-1, -4, -7}},
      {"avgpool", {-3}},
      {"avgpool(2,1)", {-3, -4, -6, -7}},
      {"avgpool(padding=same)", {-3, -4.5F, -7.5F, -9}},
      {"globalmaxpool", {-1}},
      {"globalavgpool", {-5}},
  };
  for (const PoolCase& c : pools) {
    INFO(c.text);
    const std::vector<float> y = forward(*graph_of(std::string("input(3,3,1) ") + c.text), x, 1);
    REQUIRE(y.size() == c.expected.size());
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == Approx(c.expected[i]));
  }
  CHECK(forward(*graph_of("input(5,1) maxpool1d"), {1, 2, 3, 4, 5}, 1) == std::vector<float>{2, 4});
  CHECK(forward(*graph_of("input(5,1) avgpool1d(2,padding=same)"), {1, 2, 3, 4, 5}, 1) ==
        std::vector<float>{1.5F, 3.5F, 5});
  CHECK(graph_of("input(3,5,2) globalavgpool")->outputs()[0].shape == Shape{2});
  CHECK(graph_of("input(3,5,2) globalavgpool(keepdims=true)")->outputs()[0].shape == Shape{1, 1, 2});
}

TEST_CASE("Max pooling propagates NaN", "[host][nn]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<float> x{1, 2, 3, 4};
    x[i] = nan;
    CHECK(std::isnan(forward(*graph_of("input(2,2,1) maxpool"), x, 1)[0]));
  }
}

TEST_CASE("The gradients of pooling agree with finite differences", "[host][nn]") {
  for (const char* pool :
       {"avgpool", "avgpool(3,2,padding=same)", "avgpool((2,1),padding=same)", "globalavgpool",
        "globalavgpool(keepdims=true)", "maxpool", "maxpool(3,2,padding=same)", "globalmaxpool"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(pool << " batch " << batch);
      check_gradients(*graph_of(std::string("input(5,4,2) dense(2,tanh) ") + pool + " flatten dense(2)"),
                      batch, 1e-3F);
    }
  for (const char* pool : {"avgpool1d", "avgpool1d(3,2,padding=same)", "maxpool1d"})
    for (const std::int64_t batch : {1, 3})
      check_gradients(*graph_of(std::string("input(5,2) dense(2,tanh) ") + pool + " flatten dense(2)"), batch,
                      1e-3F);
}

TEST_CASE("Convolutions and pooling refuse unsupported arguments", "[host][nn]") {
  const std::vector<std::pair<const char*, const char*>> refused{
      {"input(7) conv2d(4,3)",
       "KAIROS-M008: layer \"conv2d\" (Conv2D): the input shape is not supported; found shape (7), expected "
       "samples of (rows, columns, channels). Change the shape of the input, or put a layer such as reshape "
       "before it."},
      {"input(2,7,1) conv2d(4,3)",
       "KAIROS-M008: layer \"conv2d\" (Conv2D): the input shape is not supported; found shape (2, 7, 1), "
       "expected at least the size of the kernel. Change the shape of the input, or put a layer such as "
       "reshape before it."},
      {"input(7,7,3) conv2d(4,3,groups=2)",
       "KAIROS-M008: layer \"conv2d\" (Conv2D): the input shape is not supported; found shape (7, 7, 3), "
       "expected channels in 2 equal groups. Change the shape of the input, or put a layer such as reshape "
       "before it."},
      {"input(7,7,2) conv2d(3,3,groups=2)",
       "KAIROS-M003: layer \"conv2d\" (Conv2D): \"groups\" has a value that cannot be used; found 2, "
       "expected a divisor of filters. Give \"groups\" such a value."},
      {"input(7,7,2) conv2d(3,3,strides=2,dilation_rate=2)",
       "KAIROS-M003: layer \"conv2d\" (Conv2D): \"dilation_rate\" has a value that cannot be used; found 2, "
       "expected 1 where strides are not 1, as in Keras. Give \"dilation_rate\" such a value."},
      {"input(7,7,2) conv2d(3,(3,3,3))",
       "KAIROS-M003: layer \"conv2d\" (Conv2D): \"kernel_size\" has a value that cannot be used; found "
       "[3,3,3], expected a positive integer, or a list of 2. Give \"kernel_size\" such a value."},
      {"input(7,7,2) conv2d(3,3,padding=causal)",
       "KAIROS-M003: layer \"conv2d\" (Conv2D): \"padding\" has a value that cannot be used; found "
       "\"causal\", expected valid or same. Give \"padding\" such a value."},
      {"input(7,7,2) conv2d(3,3,data_format=channels_first)",
       "KAIROS-M004: layer \"conv2d\" (Conv2D): \"data_format\" is not supported; found \"channels_first\", "
       "expected \"channels_last\". Move the channels to the last dimension."},
      {"input(1,7,2) maxpool",
       "KAIROS-M008: layer \"max_pooling2d\" (MaxPooling2D): the input shape is not supported; found shape "
       "(1, 7, 2), expected at least the size of the window. Change the shape of the input, or put a layer "
       "such as reshape before it."},
  };
  for (const auto& [text, sentence] : refused) CHECK(error_of([text = text] { graph_of(text); }) == sentence);
}
