// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "host/nn/functional_json.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "kairos/host/compile.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::graph_of;
using kairos::tests::Rows;
using Json = nlohmann::json;

namespace {

const Json l1_l2{{"class_name", "L1L2"}, {"config", {{"l1", 0.25}, {"l2", 0.5}}}};

Json layer(const char* class_name, Json config) {
  return {{"class_name", class_name}, {"config", std::move(config)}};
}

std::string chain(Json input_shape, const std::vector<Json>& layers) {
  input_shape.insert(input_shape.begin(), nullptr);
  Json all = Json::array({layer("InputLayer", {{"batch_shape", input_shape}, {"name", "in"}})});
  for (const Json& one : layers) all.push_back(one);
  return layer("Sequential", {{"name", "m"}, {"layers", all}}).dump();
}

Json recurrent(const char* class_name, bool sequences) {
  return layer(
      class_name,
      {{"name", "r"}, {"units", 2}, {"return_sequences", sequences}, {"activity_regularizer", l1_l2}});
}

}  // namespace

TEST_CASE("A penalty on a layer's output is its mean over the samples, in training and evaluation",
          "[host][nn]") {
  const Rows rows{{{3, 2}, {1, 0, 0, 1, 1, 1}}, {{3, 1}, {1, -2, -1}}, {}};
  for (const char* text :
       {"input(2) dense(1,use_bias=false,activity_regularizer=L1L2(l1=0.25,l2=0.5))",
        "input(2) dense(1,use_bias=false) activityreg(0.25,0.5)",
        "input(2) dense(1,use_bias=false) dropout(0,activity_regularizer=L1L2(l1=0.25,l2=0.5))"}) {
    INFO(text);
    CompileOptions options;
    options.optimizer = "SGD(learning_rate=0)";
    options.loss = "mse";
    options.metrics = {"mse"};
    const auto model = compile({"", text, {}}, options);
    model->tensors(Role::Weight)[0].data[0] = 1;
    model->tensors(Role::Weight)[0].data[1] = -2;
    // The outputs are the targets: 1, -2 and -1.
    const double two = 0.25 * 3 / 2 + 0.5 * 5 / 2, one = 0.25 + 0.5;
    CHECK(kairos::tests::evaluate(*model, rows, 2) == std::vector<double>{(2 * two + one) / 3, 0});
    kairos::tests::train_epoch(*model, rows, 3);
    CHECK(kairos::tests::logs_of(*model)[0] == Approx(0.25 * 4 / 3 + 0.5 * 6 / 3));
  }
}

TEST_CASE("Gradients of penalties on outputs agree with finite differences for every kind of layer",
          "[host][nn]") {
  const std::string both = "activity_regularizer=L1L2(l1=0.3,l2=0.7)";
  for (const std::string& text :
       {"input(3) dense(4,tanh," + both + ") dense(2," + both + ")",
        "input(3) dense(4,gelu," + both + ") activityreg(0.2,0.1) dense(2)",
        "input(3) dense(8,glu," + both + ") dense(2)",
        "input(5,2) dense(2,tanh) conv1d(3,2,tanh," + both + ") flatten dense(2)",
        "input(5,4,2) conv2d(2,2,tanh," + both + ") dwconv2d(2,tanh," + both + ") maxpool(2," + both +
            ") flatten dense(2)",
        "input(4,2) dense(2,tanh) lstm(3,return_sequences=true," + both + ") gru(3," + both + ") dense(2)",
        "input(4,2) masking(9," + both + ") dense(3,tanh) simplernn(2," + both + ")",
        "input(6) dense(6,sigmoid) reshape((3,2)) batchnorm(epsilon=0.1," + both + ") layernorm(" + both +
            ") flatten dense(1)"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(text << " batch " << batch);
      check_gradients(*graph_of(text), batch, 1e-3F);
    }
  check_gradients(*graph_of("input(4) embedding(5,3," + both + ") lstm(2) dense(1)"), 2, 1e-3F,
                  {{0, 1, 4, 2, 3, 3, 1, 0}});
}

TEST_CASE("Gradients of penalties on both halves of Bidirectional agree with finite differences",
          "[host][nn]") {
  for (const char* cell : {"LSTM", "GRU", "SimpleRNN"})
    for (const bool sequences : {false, true}) {
      INFO(cell << " " << sequences);
      const Json around = layer("Bidirectional", {{"name", "b"},
                                                  {"layer", recurrent(cell, sequences)},
                                                  {"merge_mode", "mul"},
                                                  {"activity_regularizer", l1_l2}});
      const Json before = layer("Dense", {{"name", "d"}, {"units", 2}, {"activation", "tanh"}});
      const auto graph = build_graph(read_keras_json(chain({4, 2}, {before, around}), "test"), {}, 4);
      check_gradients(*graph, 3, 1e-3F);
      // One per direction and one for the product.
      const auto alone =
          build_graph(read_keras_json(chain({4, 2}, {before, recurrent(cell, sequences)}), "test"), {}, 4);
      const std::vector<float> x = kairos::tests::random_values(3 * 8, 1);
      for (Graph* const one : {graph.get(), alone.get()}) kairos::tests::forward(*one, x, 3);
      CHECK(graph->output_penalties(3) > alone->output_penalties(3));
    }
}

TEST_CASE("A penalty trains an output without a loss", "[host][nn]") {
  const auto graph = graph_of("input(2) dense(3,tanh) dense(2,activity_regularizer=l2)");
  graph->ignore_output(0);
  const std::vector<float> x{1, 2, -1, 0.5F};
  const GraphPass pass{2, Mode::Train, 0};
  const std::vector<const float*> inputs{x.data()};
  const auto penalty = [&] {
    graph->forward(pass, inputs);
    return graph->output_penalties(2);
  };
  Parameter& kernel = graph->layer(0).parameters()[0];
  for (std::size_t i = 0; i < 6; ++i) {
    float& weight = kernel.values.data()[i];
    const float before = weight;
    weight = before + 1e-2F;
    const double up = penalty();
    weight = before - 1e-2F;
    const double down = penalty();
    weight = before;
    penalty();
    graph->backward(pass);
    CHECK(static_cast<double>(kernel.gradient.data()[i]) ==
          Approx((up - down) / 2e-2).epsilon(1e-2).margin(1e-5));
    CHECK(kernel.gradient.data()[i] != 0);
  }
}

TEST_CASE("A penalty counts for each call of a shared layer", "[host][nn]") {
  using kairos::tests::of;
  const std::string json =
      kairos::tests::FunctionalJson()
          .input("a", {2})
          .input("b", {2})
          .layer("Dense", "twice", {{"units", 2}, {"activity_regularizer", "l2"}}, {{of("a")}, {of("b")}})
          .layer("Add", "sum", {}, {{of("twice", 0), of("twice", 1)}})
          .outputs({{"sum", 0}})
          .dump();
  const auto graph = build_graph(read_keras_json(json, "test"), {}, 4);
  check_gradients(*graph, 3);
  const std::vector<float> x{1, 2}, zero{0, 0};
  graph->forward({1, Mode::Infer, 0}, std::vector<const float*>{x.data(), zero.data()});
  const double one = graph->output_penalties(1);
  graph->forward({1, Mode::Infer, 0}, std::vector<const float*>{x.data(), x.data()});
  CHECK(one > 0);
  CHECK(graph->output_penalties(1) == Approx(2 * one));
}

TEST_CASE("Penalties on outputs are written as Keras writes them, and read back", "[host][nn]") {
  const std::string json = keras_json(
      {"",
       "input(9,4) conv1d(4,2,activity_regularizer=l1) dense(4,activity_regularizer=L1L2(l1=0.5,l2=0.25)) "
       "layernorm(activity_regularizer=L2(l2=0.5)) activityreg(0.5,0.25) lstm(3,activity_regularizer=l2)",
       {}});
  CHECK(keras_json({"", json, {}}) == json);
  const Json layers = Json::parse(json)["config"]["layers"];
  CHECK(layers[1]["config"]["activity_regularizer"]["config"] == Json{{"l1", 0.01}});
  CHECK(layers[2]["config"]["activity_regularizer"]["class_name"] == "L1L2");
  CHECK(layers[4]["config"]["l1"] == 0.5);
  CHECK_FALSE(layers[4]["config"].contains("activity_regularizer"));
  const Json plain =
      Json::parse(keras_json({"", "input(9,4) conv1d(4,2) dense(4) gru(3)", {}}))["config"]["layers"];
  CHECK(plain[1]["config"]["activity_regularizer"].is_null());
  CHECK_FALSE(plain[2]["config"].contains("activity_regularizer"));
  CHECK(plain[3]["config"]["activity_regularizer"].is_null());
}

TEST_CASE("A penalty inside TimeDistributed is refused", "[host][nn]") {
  const Json dense = layer("Dense", {{"name", "d"}, {"units", 2}, {"activity_regularizer", "l1"}});
  const std::string json = chain({4, 2}, {layer("TimeDistributed", {{"name", "t"}, {"layer", dense}})});
  CHECK(
      error_of([&] { return read_keras_json(json, "test").name; }) ==
      "KAIROS-M004: layer \"t\" (TimeDistributed): the activity_regularizer of the inner layer is not "
      "supported; found layer \"d\" (Dense). Set it on the TimeDistributed layer: Keras 3 ignores it here.");
}
