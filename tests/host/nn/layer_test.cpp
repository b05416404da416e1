// SPDX-License-Identifier: MIT
#include "nn/layer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/graphs.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;
using kairos::tests::error_of;
using kairos::tests::forward;
using kairos::tests::graph_of;

TEST_CASE("Dense multiplies by its kernel and adds the bias", "[host][nn]") {
  const auto graph = graph_of("input(2) dense(3,relu)");
  Parameter& kernel = graph->layer(0).parameters()[0];
  Parameter& bias = graph->layer(0).parameters()[1];
  REQUIRE(kernel.shape == Shape{2, 3});
  for (int i = 0; i < 6; ++i) kernel.values.data()[i] = static_cast<float>(i + 1);
  bias.values.data()[1] = -100;
  CHECK(forward(*graph, {1, 2}, 1, Mode::Infer) == std::vector<float>{9, 0, 15});
}

TEST_CASE("Dense works on the last dimension", "[host][nn]") {
  const auto graph = graph_of("input(4,2) dense(3)");
  CHECK(graph->outputs()[0].shape == Shape{4, 3});
  CHECK(graph->layer(0).parameters()[0].shape == Shape{2, 3});
}

TEST_CASE("glu as an activation halves the width", "[host][nn]") {
  const auto graph = graph_of("input(1) dense(4,glu)");
  CHECK(graph->outputs()[0].shape == Shape{2});
  CHECK(graph->layer(0).parameters()[0].shape == Shape{1, 4});
  std::copy_n(std::vector<float>{2, 3, 0, 50}.data(), 4, graph->layer(0).parameters()[0].values.data());
  CHECK(forward(*graph, {1, -1}, 2) == std::vector<float>{1, 3, -1, -3 / (1 + std::exp(50.0F))});
  CHECK(graph_of("input(6,2) conv1d(8,3,glu)")->outputs()[0].shape == Shape{4, 4});
  CHECK(graph_of("input(3,4) activation(glu)")->outputs()[0].shape == Shape{3, 2});
  CHECK(error_of([] { graph_of("input(3) dense(5,glu)"); }) ==
        "KAIROS-M032: layer \"dense\" (Dense): glu multiplies one half of the last dimension by the other; "
        "found 5 units, expected an even number. Make it twice as wide as the output should be.");
  CHECK(error_of([] { graph_of("input(3,4) lstm(4,glu)"); }) ==
        "KAIROS-M003: layer \"lstm\" (LSTM): \"activation\" has a value that cannot be used; found \"glu\", "
        "expected an activation that keeps the number of values, for the next step's input. Give "
        "\"activation\" such a value.");
  CHECK(error_of([] { graph_of("input(3,4) gru(4,recurrent_activation=glu)"); }).find("KAIROS-M003") == 0);
}

TEST_CASE("A layer may be the activation of another, as in Keras", "[host][nn]") {
  const auto graph = graph_of("input(1) dense(2,LeakyReLU(alpha=0.5,name=leaky),use_bias=false)");
  std::copy_n(std::vector<float>{2, -3}.data(), 2, graph->layer(0).parameters()[0].values.data());
  CHECK(forward(*graph, {1, -2}, 2) == std::vector<float>{2, -1.5F, -2, 6});
  const std::string json =
      keras_json({"", "input(3,3,1) conv2d(2,2,ELU(alpha=2,name=e)) dense(2,Softmax(name=s))", {}});
  CHECK(keras_json({"", json, {}}) == json);
  CHECK(json.find("\"activation\":{\"class_name\":\"ELU\",\"config\":{\"alpha\":2.0") != std::string::npos);
  CHECK(error_of([] { graph_of("input(3) dense(4,Dropout(rate=0.5,name=d))"); }) ==
        "KAIROS-M003: layer \"dense\" (Dense): \"activation\" has a value that cannot be used; found "
        "{\"class_name\":\"Dropout\",\"config\":{\"name\":\"d\",\"rate\":0.5}}, expected the name of an "
        "activation "
        "function, or ReLU, LeakyReLU, ELU or Softmax. Give \"activation\" such a value.");
}

TEST_CASE("Dropout drops its fraction in training and keeps the mean", "[host][nn]") {
  const auto graph = graph_of("input(20000) dropout(0.3)", 5);
  const std::vector<float> ones(20000, 1.0F);
  const std::vector<float> y = forward(*graph, ones, 1, Mode::Train);
  int dropped = 0;
  for (const float value : y) {
    REQUIRE((value == 0 || value == 1.0F / 0.7F));
    dropped += value == 0 ? 1 : 0;
  }
  CHECK(std::abs(dropped / 20000.0 - 0.3) < 0.01);
}

TEST_CASE("Dropout is determined by seed and step", "[host][nn]") {
  const std::vector<float> ones(200, 1.0F);
  const auto drop = [&](std::uint64_t seed, std::uint64_t step) {
    return forward(*graph_of("input(100) dropout(0.5)", seed), ones, 2, Mode::Train, step);
  };
  CHECK(drop(1, 7) == drop(1, 7));
  CHECK(drop(1, 7) != drop(1, 8));
  CHECK(drop(1, 7) != drop(2, 7));
  const auto two = graph_of("input(100) dropout(0.5) dense(1) ", 1);
  const auto own_seed = [&](std::uint64_t seed) {
    return forward(*graph_of("input(100) dropout(0.5,seed=3)", seed), ones, 2, Mode::Train, 0);
  };
  CHECK(own_seed(1) == own_seed(2));
}

TEST_CASE("Dropout does nothing in inference, and drops everything at rate 1", "[host][nn]") {
  const std::vector<float> x{1, -2, 3, 4};
  CHECK(forward(*graph_of("input(4) dropout(0.9)"), x, 1, Mode::Infer) == x);
  CHECK(forward(*graph_of("input(4) dropout(0)"), x, 1, Mode::Train) == x);
  CHECK(forward(*graph_of("input(4) dropout(1)"), x, 1, Mode::Train) == std::vector<float>{0, -0.0F, 0, 0});
}

TEST_CASE("Flatten keeps the values in their order", "[host][nn]") {
  const auto graph = graph_of("input(2,3) flatten");
  CHECK(graph->outputs()[0].shape == Shape{6});
  const std::vector<float> x{1, 2, 3, 4, 5, 6};
  CHECK(forward(*graph, x, 1, Mode::Train) == x);
}
