// SPDX-License-Identifier: MIT
#include "nn/graph.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::made;
using kairos::tests::random_values;

namespace {}  // namespace

TEST_CASE("Gradients of a chain agree with finite differences for every smooth activation", "[host][nn]") {
  for (const char* activation :
       {"linear", "sigmoid", "tanh", "softmax", "gelu", "silu", "softplus", "softsign", "exponential"})
    for (const std::int64_t batch : {1, 4}) {
      INFO(activation << " batch " << batch);
      const std::string text = std::string("input(3) dense(5,") + activation +
                               ") dropout(0.3) dense(4,tanh) activation(" + activation + ") dense(2)";
      check_gradients(*build_graph(read_shorthand(text), {}, 3), batch);
    }
}

TEST_CASE("Gradients of an activation that halves the width agree with finite differences", "[host][nn]") {
  for (const char* text :
       {"input(3) dense(6,glu) dense(4) activation(glu) dense(2)",
        "input(5,2) dense(2,tanh) conv1d(6,3,glu,padding=same) dense(4,glu) flatten dense(2)",
        "input(5,4,2) dense(2,tanh) conv2d(4,2,glu,use_bias=false) flatten dense(2)",
        "input(5,4,2) dense(2,tanh) dwconv2d(2,glu,depth_multiplier=3) flatten dense(2)"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(text << " batch " << batch);
      check_gradients(*build_graph(read_shorthand(text), {}, 3), batch);
    }
}

TEST_CASE("Gradients of a layer used as an activation agree with finite differences", "[host][nn]") {
  for (const char* text :
       {"input(3) dense(4,LeakyReLU(negative_slope=0.4,name=a)) dense(2,ELU(alpha=0.5,name=b))",
        "input(5,4,2) dense(2,tanh) conv2d(3,2,Softmax(axis=3,name=a)) flatten dense(2)",
        "input(5,2) dense(2,tanh) conv1d(3,2,ReLU(negative_slope=0.3,max_value=0.7,threshold=0.1,name=a)) "
        "flatten dense(2)"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(text << " batch " << batch);
      check_gradients(*build_graph(read_shorthand(text), {}, 3), batch, 1e-3F);
    }
}

TEST_CASE("Gradients of layers over several dimensions agree with finite differences", "[host][nn]") {
  check_gradients(
      *build_graph(read_shorthand("input(3,2) dense(4,softmax) dense(3,tanh) flatten dense(2,sigmoid)"), {},
                   3),
      3);
}

TEST_CASE("A value that feeds several layers gets the sum of their gradients", "[host][nn]") {
  Graph graph(1);
  const Graph::Value input = graph.add_input("in", {3});
  const Graph::Value shared =
      graph.add(made("Dense", {{"name", "shared"}, {"units", 4}, {"activation", "tanh"}}), {input});
  const Graph::Value left = graph.add(made("Dense", {{"name", "left"}, {"units", 2}}), {shared});
  const Graph::Value right =
      graph.add(made("Dense", {{"name", "right"}, {"units", 3}, {"activation", "sigmoid"}}), {shared});
  graph.add_output("left", left);
  graph.add_output("right", right);
  graph.add_output("shared", shared);
  CHECK(graph.outputs()[1].name == "right");
  CHECK(graph.outputs()[1].shape == Shape{3});
  check_gradients(graph, 4);
}

TEST_CASE("A graph handles batches of different sizes", "[host][nn]") {
  const std::unique_ptr<Graph> graph = build_graph(read_shorthand("input(3) dense(5,gelu) dense(2)"), {}, 3);
  const std::vector<float> x = random_values(8 * 3, 9);
  const std::vector<const float*> inputs{x.data()};
  graph->forward({2, Mode::Infer, 0}, inputs);
  const std::vector<float> first(graph->output(0), graph->output(0) + 4);
  graph->forward({8, Mode::Infer, 0}, inputs);
  graph->forward({2, Mode::Infer, 0}, inputs);
  CHECK(std::vector<float>(graph->output(0), graph->output(0) + 4) == first);
}
