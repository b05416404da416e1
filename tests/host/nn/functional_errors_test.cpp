// SPDX-License-Identifier: MIT
// Invalid and very large Functional models.
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "host/nn/functional_models.hpp"
#include "nn/layers/operation.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

std::string refusal(const json& model) {
  return error_of([&] { return keras_json({"", model.dump(), {}}); });
}

/// Checks the message for each model.
void check_refusals(const std::vector<std::pair<json, std::string>>& cases) {
  for (const auto& [model, sentence] : cases) {
    INFO(model.dump());
    CHECK(refusal(model) == sentence);
  }
}

}  // namespace

TEST_CASE("Invalid calls in a Functional model are refused by name", "[host][nn]") {
  const auto one = [](const json& call) {
    return FunctionalJson()
        .input("in", {3})
        .layer("Dense", "a", {{"units", 3}}, {{call}})
        .layer("Dense", "b", {{"units", 3}}, {{of("a")}})
        .outputs({{"b", 0}});
  };
  json with_mask = of("in");
  with_mask[3]["mask"] = {"in", 0, 0};
  json keras3 = json::parse(keras_json({"", diamond().dump(), {}}));
  keras3["config"]["layers"][1]["inbound_nodes"][0]["args"].push_back(7);
  json operation = one(of("in"));
  operation["config"]["layers"][1]["module"] = "keras.src.ops.numpy";
  check_refusals({
      {one(of("inn")),
       "KAIROS-M060: layer \"a\" (Dense): it refers to a layer that does not exist; found \"inn\". Did you "
       "mean \"in\"?"},
      {one(of("b")),
       "KAIROS-M061: layer \"b\" (Dense): its output leads back to its input; found a cycle, expected "
       "layers that feed only later ones. Write the model again with model.to_json()."},
      {one(of("in", 1)),
       "KAIROS-M060: layer \"a\" (Dense): it refers to a call of layer \"in\" that does not exist; found "
       "call 1, expected 1 call, counted from 0. Write the model again with model.to_json()."},
      {one(of("in", 0, 2)),
       "KAIROS-M060: layer \"in\" (InputLayer): the model refers to an output that does not exist; "
       "found output 2, expected 1 output. Write the model again with model.to_json()."},
      {one(of("in", -1)),
       "KAIROS-M005: layer \"a\" (Dense): this is not how Keras connects layers; found "
       "[\"in\",-1,0,{}], expected [layer, call, output]. Write the model with model.to_json()."},
      {one(with_mask),
       "KAIROS-M004: layer \"a\" (Dense): its call has an argument \"mask\" that is not supported; "
       "found [\"in\",0,0], expected training or no argument. Call the layer without it."},
      {keras3,
       "KAIROS-M004: layer \"a\" (Dense): its call has another number of positional arguments; found 2, "
       "expected one: a tensor, or a list of tensors. Call the layer with its inputs alone."},
      {operation,
       "KAIROS-M001: layer \"a\" (Dense): the operation Dense of keras.ops is not supported. Write "
       "it with a layer. " +
           suggest("Dense", operation_names()) + "."},
  });
}

TEST_CASE("Layers of a Functional model that do not fit together are refused by name", "[host][nn]") {
  const auto start = [] { return FunctionalJson().input("in", {3}); };
  check_refusals({
      {start().layer("Dense", "a", {{"units", 3}}, {{of("in"), of("in")}}).outputs({{"a", 0}}),
       "KAIROS-M063: layer \"a\" (Dense): it takes one input; found 2 inputs, expected one. Put a "
       "Concatenate or Add "
       "before it."},
      {start()
           .layer("Dense", "a", {{"units", 3}}, {{of("in")}})
           .layer("Dense", "b", {{"units", 3}}, {{of("in")}})
           .outputs({{"a", 0}}),
       "KAIROS-M062: layer \"b\" (Dense): it does not lead to an output of the model. Remove it, or make it "
       "an output."},
      {start().layer("Dense", "a", {{"units", 2}}, {{of("in")}, {of("a")}}).outputs({{"a", 1}}),
       "KAIROS-M065: layer \"a\" (Dense): two of its calls need different weights; found \"kernel\" of shape "
       "(2, 2), expected (3, 2). Call it with inputs of the same shape."},
      {start()
           .layer("Add", "a", json::object(), {{of("in"), of("in")}})
           .with_outputs({{"items", json::array()}, {"class_name", 3}}),
       "KAIROS-M005: model output_layers: this is not how Keras connects layers; found 3, expected [layer, "
       "call, output]. Write the model with model.to_json()."},
      {FunctionalJson()
           .input("x", {3})
           .input("y", {4})
           .layer("Add", "s", json::object(), {{of("x"), of("y")}})
           .outputs({{"s", 0}}),
       "KAIROS-M008: layer \"s\" (Add): the input shape is not supported; found shape (4), expected a shape "
       "that can be broadcast to that of the other inputs. Change the shape of the input, or put a layer "
       "such as reshape before it."},
      {FunctionalJson()
           .input("x", {3, 2})
           .input("y", {4, 1})
           .layer("Concatenate", "s", json::object(), {{of("x"), of("y")}})
           .outputs({{"s", 0}}),
       "KAIROS-M008: layer \"s\" (Concatenate): the input shape is not supported; found shape (4, 1), "
       "expected the shape of the first input in all other dimensions. Change the shape of the input, or put "
       "a layer such as reshape before it."},
  });
}

TEST_CASE("A model of models that multiplies is refused before it fills the memory", "[host][nn]") {
  json model = FunctionalJson()
                   .input("in", {1})
                   .layer("Activation", "a", {{"activation", "tanh"}}, {{of("in")}})
                   .outputs({{"a", 0}});
  for (int depth = 0; depth < 20; ++depth) {
    const std::string name = "m" + std::to_string(depth);
    model = FunctionalJson()
                .input("in", {1})
                .model(name, model, {{of("in")}, {of(name, 1)}})
                .outputs({{name, 2}});
  }
  const auto starts = Catch::Matchers::StartsWith(
      "KAIROS-M064: model: the calls of its layers and nested models connect too many values; expected at "
      "most 50000.");
  CHECK_THAT(refusal(model), starts);

  // Models that hand on what they are given have no layer that could be counted.
  json empty = FunctionalJson().input("in", {1}).outputs({{"in", 0}});
  for (int depth = 0; depth < 60; ++depth) {
    const std::string name = "m" + std::to_string(depth);
    empty = FunctionalJson()
                .input("in", {1})
                .model(name, empty, {{of("in")}, {of(name, 1)}})
                .outputs({{name, 2}});
  }
  CHECK_THAT(refusal(empty), starts);
  CHECK(refusal(json::parse(R"({"class_name": "Functional", "config": {}})")).find("KAIROS-M005") == 0);
}

TEST_CASE("An output may be named twenty thousand times", "[host][nn]") {
  FunctionalJson model;
  model.input("in", {1}).layer("Activation", "a", {{"activation", "tanh"}}, {{of("in")}});
  constexpr int count = 20000;
  const std::vector<std::pair<std::string, int>> outputs(count, {"a", 0});
  const auto names = read_keras_json(model.outputs(outputs).dump(), "model").output_names();
  CHECK(names.front() == "a");
  CHECK(names[1] == "a_1");
  CHECK(names.back() == "a_19999");
}

TEST_CASE("A chain of 20,000 layers is read and ordered", "[host][nn]") {
  FunctionalJson model;
  model.input("l0", {1});
  constexpr int count = 20000;
  for (int i = 1; i <= count; ++i)
    model.layer("Activation", "l" + std::to_string(i), {{"activation", "tanh"}},
                {{of("l" + std::to_string(i - 1))}});
  CHECK(functional_graph(model.outputs({{"l" + std::to_string(count), 0}}))->layer_count() == count);
}
