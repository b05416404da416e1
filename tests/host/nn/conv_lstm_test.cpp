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

TEST_CASE("ConvLSTM2D over images of one pixel is an LSTM", "[host][nn]") {
  for (const char* arguments :
       {"", ",return_sequences=true", ",go_backwards=true", ",recurrent_activation=tanh",
        ",use_bias=false,return_sequences=true,go_backwards=true"}) {
    INFO(arguments);
    const auto images = graph_of(std::string("input(4,1,1,3) convlstm(2,1") + arguments + ") flatten");
    const auto sequence = graph_of(std::string("input(4,3) lstm(2") + arguments + ") flatten");
    for (std::size_t i = 0; i < images->layer(0).parameters().size(); ++i) {
      const Parameter& from = images->layer(0).parameters()[i];
      std::copy_n(from.values.data(), from.size(), sequence->layer(0).parameters()[i].values.data());
    }
    const std::vector<float> x = random_values(24, 3);
    const auto y = kairos::tests::forward(*images, x, 2), expected = kairos::tests::forward(*sequence, x, 2);
    REQUIRE(y.size() == expected.size());
    for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == Approx(expected[i]).margin(1e-6));
  }
}

TEST_CASE("ConvLSTM2D has Keras' weights and shapes", "[host][nn]") {
  const auto graph =
      graph_of("input(4,6,5,3) convlstm(2,(3,2),strides=(2,1),padding=same,return_sequences=true)");
  CHECK(graph->outputs()[0].shape == Shape{4, 3, 5, 2});
  const auto weights = graph->layer(0).parameters();
  CHECK(weights[0].shape == Shape{3, 2, 3, 8});
  CHECK(weights[1].shape == Shape{3, 2, 2, 8});
  CHECK(std::vector<float>(weights[2].values.data(), weights[2].values.data() + 8) ==
        std::vector<float>{0, 0, 1, 1, 0, 0, 0, 0});
  CHECK(graph_of("input(4,6,5,3) convlstm(2,3)")->outputs()[0].shape == Shape{4, 3, 2});
}

TEST_CASE("The gradients of ConvLSTM2D agree with finite differences", "[host][nn]") {
  for (const char* arguments :
       {"2", "3,padding=same,return_sequences=true", "2,strides=2,padding=same,go_backwards=true",
        "2,use_bias=false,activation=softsign,return_sequences=true", "2,recurrent_activation=hard_sigmoid"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(arguments << " batch " << batch);
      check_gradients(*graph_of(std::string("input(3,4,3,1) dense(2,tanh) convlstm(2,") + arguments +
                                ") flatten dense(2)"),
                      batch);
    }
}

TEST_CASE("ConvLSTM2D is written and read back unchanged, and refuses what it does not support",
          "[host][nn]") {
  const std::string json = keras_json(
      {"",
       "input(3,6,6,2) convlstm(2,(3,2),relu,padding=same,return_sequences=true,kernel_regularizer=l2) "
       "convlstm(2,2,strides=2,recurrent_activation=hard_sigmoid,go_backwards=true,unit_forget_bias=false)",
       {}});
  CHECK(keras_json({"", json, {}}) == json);
  CHECK(error_of([] { graph_of("input(3,4,4,1) convlstm(2,2,dropout=0.5)"); }) ==
        "KAIROS-M004: layer \"conv_lstm2d\" (ConvLSTM2D): \"dropout\" is not supported; found 0.5, expected "
        "0. Put a "
        "Dropout layer before it.");
  CHECK(error_of([] {
          graph_of("input(3,4,4,1) convlstm(2,2,return_state=true)");
        }).find("\"return_state\"") != std::string::npos);
  CHECK(error_of([] { graph_of("input(3,4,4,1) convlstm(2,2,activation=softmax)"); }).find("single values") !=
        std::string::npos);
  CHECK(error_of([] {
          graph_of("input(4,4,1) convlstm(2,2)");
        }).find("(timesteps, rows, columns, channels)") != std::string::npos);
}
