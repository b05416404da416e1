// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
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
using kairos::tests::made;
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

namespace {

/// Copies its input and masks a step of every sample, another one in each.
class StepMasker final : public Layer {
 public:
  explicit StepMasker(ConfigReader& config) : Layer(config, "StepMasker") {}
  static std::unique_ptr<Layer> make() {
    const nlohmann::json json{{"name", "mask"}};
    ConfigReader config(json, "mask");
    return std::make_unique<StepMasker>(config);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override { return shape_ = inputs.front(); }
  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Make; }
  void forward(const GraphPass& pass, const LayerValues& v) override {
    std::copy_n(v.inputs.front(), pass.batch * size_of(shape_), v.output);
    for (std::int64_t i = 0; i < pass.batch * shape_[0]; ++i)
      v.output_mask[i] = i % shape_[0] == (i / shape_[0] + 1) % shape_[0] ? 0.0F : 1.0F;
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients.front() != nullptr)
      std::copy_n(g.output_gradient, pass.batch * size_of(shape_), g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json&) const override {}

 private:
  Shape shape_;
};

/// Dense, a mask, then the recurrent layer.
std::unique_ptr<Graph> masked_graph(const char* class_name, const nlohmann::json& arguments,
                                    const Shape& shape) {
  auto graph = std::make_unique<Graph>(4);
  const auto dense = graph->add(made("Dense", {{"name", "d"}, {"units", 2}, {"activation", "tanh"}}),
                                {graph->add_input("x", shape)});
  const auto masked = graph->add(StepMasker::make(), {dense});
  graph->add_output("y", graph->add(made(class_name, arguments), {masked}));
  return graph;
}

}  // namespace

TEST_CASE("Masked steps of ConvLSTM2D change nothing, as in an LSTM", "[host][nn]") {
  for (const bool sequences : {false, true})
    for (const bool backwards : {false, true})
      for (const bool zero : {false, true}) {
        INFO(sequences << backwards << zero);
        nlohmann::json arguments{{"name", "l"},
                                 {"return_sequences", sequences},
                                 {"go_backwards", backwards},
                                 {"zero_output_for_mask", zero}};
        nlohmann::json images = arguments, sequence = arguments;
        images["filters"] = 2;
        images["kernel_size"] = 1;
        sequence["units"] = 2;
        const auto a = masked_graph("ConvLSTM2D", images, {4, 1, 1, 3}),
                   b = masked_graph("LSTM", sequence, {4, 3});
        for (const std::size_t l : {0, 2})
          for (std::size_t i = 0; i < a->layer(l).parameters().size(); ++i) {
            const Parameter& from = a->layer(l).parameters()[i];
            std::copy_n(from.values.data(), from.size(), b->layer(l).parameters()[i].values.data());
          }
        const std::vector<float> x = random_values(36, 3);
        const auto y = kairos::tests::forward(*a, x, 3), expected = kairos::tests::forward(*b, x, 3);
        REQUIRE(y.size() == expected.size());
        for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == Approx(expected[i]).margin(1e-6));
        images["kernel_size"] = 2;
        images["padding"] = "same";
        check_gradients(*masked_graph("ConvLSTM2D", images, {4, 2, 2, 1}), 3);
      }
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
