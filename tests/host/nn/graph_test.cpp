// SPDX-License-Identifier: MIT
#include "nn/graph.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "compute/random.hpp"
#include "nn/architecture.hpp"
#include "nn/layer_registry.hpp"
#include "train/config_reader.hpp"

using namespace kairos::host;

namespace {

std::unique_ptr<Layer> layer(const char* class_name, const nlohmann::json& json) {
  ConfigReader config(json, class_name);
  std::unique_ptr<Layer> made = find_layer_type(class_name)->make(config);
  config.finish();
  return made;
}

std::vector<float> random_values(std::int64_t n, std::uint64_t key) {
  RandomStream random(key);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(random.uniform() * 2 - 1);
  return values;
}

/// Σ coefficient · output over all outputs: its gradient is checked against differences.
class Objective {
 public:
  Objective(Graph& graph, std::int64_t batch) : graph_(graph), pass_{batch, Mode::Train, 5} {
    for (const Port& port : graph.inputs()) x_.push_back(random_values(batch * size_of(port.shape), 1));
    for (const auto& x : x_) inputs_.push_back(x.data());
    for (std::size_t i = 0; i < graph.outputs().size(); ++i)
      coefficients_.push_back(random_values(batch * size_of(graph.outputs()[i].shape), 2 + i));
  }

  double value() {
    graph_.forward(pass_, inputs_);
    double sum = 0;
    for (std::size_t i = 0; i < coefficients_.size(); ++i)
      for (std::size_t k = 0; k < coefficients_[i].size(); ++k)
        sum += static_cast<double>(coefficients_[i][k]) * static_cast<double>(graph_.output(i)[k]);
    return sum;
  }

  void backward() {
    graph_.forward(pass_, inputs_);
    for (std::size_t i = 0; i < coefficients_.size(); ++i)
      std::copy(coefficients_[i].begin(), coefficients_[i].end(), graph_.output_gradient(i));
    graph_.backward(pass_);
  }

 private:
  Graph& graph_;
  Pass pass_;
  std::vector<std::vector<float>> x_, coefficients_;
  std::vector<const float*> inputs_;
};

/// float32 through several layers: differences of 1e-2 are exact to about 1e-3 for smooth functions.
void check_gradients(Graph& graph, std::int64_t batch) {
  Objective objective(graph, batch);
  for (std::size_t l = 0; l < graph.layer_count(); ++l)
    for (Parameter& parameter : graph.layer(l).parameters())
      for (std::int64_t i = 0; i < parameter.size(); ++i) {
        constexpr float h = 1e-2F;
        float& weight = parameter.values.data()[i];
        const float before = weight;
        weight = before + h;
        const double up = objective.value();
        weight = before - h;
        const double down = objective.value();
        weight = before;
        objective.backward();
        INFO(graph.layer(l).name() << " " << parameter.name << " " << i);
        REQUIRE(static_cast<double>(parameter.gradient.data()[i]) ==
                Approx((up - down) / (2 * static_cast<double>(h))).epsilon(4e-3).margin(4e-3));
      }
}

}  // namespace

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
      graph.add(layer("Dense", {{"name", "shared"}, {"units", 4}, {"activation", "tanh"}}), {input});
  const Graph::Value left = graph.add(layer("Dense", {{"name", "left"}, {"units", 2}}), {shared});
  const Graph::Value right =
      graph.add(layer("Dense", {{"name", "right"}, {"units", 3}, {"activation", "sigmoid"}}), {shared});
  graph.add_output("left", left);
  graph.add_output("right", right);
  graph.add_output("shared", shared);
  CHECK(graph.outputs()[1].name == "right");
  CHECK(graph.outputs()[1].shape == Shape{3});
  check_gradients(graph, 4);
}

TEST_CASE("A graph forgets nothing between batches of different sizes", "[host][nn]") {
  const std::unique_ptr<Graph> graph = build_graph(read_shorthand("input(3) dense(5,gelu) dense(2)"), {}, 3);
  const std::vector<float> x = random_values(8 * 3, 9);
  const std::vector<const float*> inputs{x.data()};
  graph->forward({2, Mode::Infer, 0}, inputs);
  const std::vector<float> first(graph->output(0), graph->output(0) + 4);
  graph->forward({8, Mode::Infer, 0}, inputs);
  graph->forward({2, Mode::Infer, 0}, inputs);
  CHECK(std::vector<float>(graph->output(0), graph->output(0) + 4) == first);
}
