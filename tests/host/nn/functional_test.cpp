// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "host/nn/functional_json.hpp"
#include "host/nn/gradients.hpp"
#include "host/temporary_directory.hpp"
#include "nn/architecture.hpp"
#include "nn/layers/merge_masks.hpp"
#include "nn/layers/operation.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

std::unique_ptr<Graph> graph_of(const json& model) {
  return build_graph(read_keras_json(model.dump(), "model"), {}, 3);
}

std::vector<std::string> layer_names(const json& model) {
  std::vector<std::string> names;
  const json written = json::parse(keras_json({"", model.dump(), {}}));
  for (const json& layer : written.at("config").at("layers")) names.push_back(layer.at("name"));
  return names;
}

std::vector<std::string> weight_names(Model& model) {
  std::vector<std::string> names;
  for (const TensorRef& weight : model.tensors(Role::Weight)) names.push_back(weight.name);
  return names;
}

std::string refusal(const json& model) {
  return error_of([&] { return keras_json({"", model.dump(), {}}); });
}

/// in → a → b → c and a → c, which adds: a value that feeds two layers.
json diamond() {
  return FunctionalJson()
      .input("in", {3})
      .layer("Dense", "a", {{"units", 4}, {"activation", "tanh"}}, {{of("in")}})
      .layer("Dense", "b", {{"units", 4}, {"activation", "sigmoid"}}, {{of("a")}})
      .layer("Multiply", "c", json::object(), {{of("a"), of("b"), of("a")}})
      .outputs({{"c", 0}, {"a", 0}});
}

/// One layer that is called on the input, on its own output, and on another input.
json shared() {
  return FunctionalJson()
      .input("left", {4})
      .input("right", {4})
      .layer("Dense", "twice", {{"units", 4}, {"activation", "tanh"}, {"kernel_regularizer", "l2"}},
             {{of("left")}, {of("twice", 0)}, {of("right")}})
      .layer("Subtract", "difference", json::object(), {{of("twice", 1), of("twice", 2)}})
      .layer("Dense", "out", {{"units", 2}}, {{of("difference")}})
      .outputs({{"out", 0}});
}

/// A Sequential and a Functional model as layers, the latter called twice; Keras 2 counts its calls from 1.
json nested() {
  const json inner = FunctionalJson()
                         .input("inner_in", {3})
                         .layer("Dense", "wide", {{"units", 5}, {"activation", "tanh"}}, {{of("inner_in")}})
                         .layer("BatchNormalization", "norm", json::object(), {{of("wide")}})
                         .layer("Dense", "narrow", {{"units", 3}}, {{of("norm")}})
                         .outputs({{"narrow", 0}, {"wide", 0}});
  return FunctionalJson()
      .input("in", {4})
      .model("first",
             chain({dense("d", 3),
                    {{"class_name", "Activation"}, {"config", {{"name", "act"}, {"activation", "tanh"}}}}}),
             {{of("in")}})
      .model("inner", inner, {{of("first")}, {of("inner", 1, 0)}})
      .layer("Concatenate", "both", json::object(), {{of("inner", 2, 0), of("inner", 1, 1)}})
      .layer("Dense", "out", {{"units", 2}}, {{of("both")}})
      .outputs({{"out", 0}});
}

/// A layer around others, called on both inputs: sharing has to reach what is inside.
json shared_wrapper(const char* wrapper, const json& inner) {
  return FunctionalJson()
      .input("left", {3, 2})
      .input("right", {3, 2})
      .layer(wrapper, "both_ways", {{"layer", inner}}, {{of("left")}, {of("right")}})
      .layer("Multiply", "product", json::object(), {{of("both_ways", 0), of("both_ways", 1)}})
      .outputs({{"product", 0}});
}

}  // namespace

TEST_CASE("Gradients of diamonds, shared layers and models inside of models agree with finite differences",
          "[host][nn]") {
  for (const std::int64_t batch : {1, 3, 4})
    for (const json& model : {diamond(), shared(), nested()}) {
      INFO(model.dump() << " batch " << batch);
      // BatchNormalization of one sample has no gradient; the model must survive it all the same. Of three
      // it bends so much that a larger step misses the slope.
      if (batch > 1 || model != nested()) check_gradients(*graph_of(model), batch, 3e-3F);
    }
}

TEST_CASE("Gradients of a shared layer around others agree with finite differences", "[host][nn]") {
  const json lstm{{"class_name", "LSTM"}, {"config", {{"name", "lstm"}, {"units", 2}}}};
  for (const json& model :
       {shared_wrapper("Bidirectional", lstm), shared_wrapper("TimeDistributed", dense("d", 2))}) {
    INFO(model.dump());
    const auto graph = graph_of(model);
    CHECK(graph->layer(1).parameters().front().values.data() ==
          graph->layer(0).parameters().front().values.data());
    for (const std::int64_t batch : {1, 3}) check_gradients(*graph, batch);
  }
}

TEST_CASE("Gradients of merging layers agree with finite differences for every broadcast", "[host][nn]") {
  const std::vector<std::vector<std::vector<int>>> shapes{
      {{4}, {4}}, {{3, 4}, {3, 4}}, {{3, 4}, {4}}, {{1, 4}, {3, 1}}, {{2, 1, 3}, {5, 3}}, {{1}, {2, 3}}};
  for (const char* merge : {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})
    for (const auto& pair : shapes)
      for (const std::int64_t batch : {1, 3}) {
        INFO(merge << " " << json(pair).dump() << " batch " << batch);
        FunctionalJson model;
        std::vector<json> parts;
        for (std::size_t i = 0; i < 2; ++i) {
          const std::string name = "x" + std::to_string(i);
          model.input(name, pair[i]);
          model.layer("Dense", "d" + name, {{"units", pair[i].back()}, {"activation", "sigmoid"}},
                      {{of(name)}});
          parts.push_back(of("d" + name));
        }
        model.layer(merge, "merge", json::object(), {parts});
        check_gradients(*graph_of(model.outputs({{"merge", 0}})), batch, 1e-3F);
      }
}

TEST_CASE("Gradients of Concatenate agree with finite differences along every axis", "[host][nn]") {
  const struct {
    std::vector<int> first, second;
    int axis;
    Shape output;
  } cases[] = {{{4}, {2}, -1, {6}},
               {{2, 3}, {2, 1}, -1, {2, 4}},
               {{2, 3}, {4, 3}, 1, {6, 3}},
               {{2, 3, 2}, {2, 1, 2}, 2, {2, 4, 2}},
               {{2, 3, 2}, {2, 3, 1}, 3, {2, 3, 3}}};
  for (const auto& c : cases) {
    INFO(json(c.first).dump() << " " << json(c.second).dump() << " axis " << c.axis);
    FunctionalJson model;
    model.input("a", c.first).input("b", c.second);
    model.layer("Dense", "da", {{"units", c.first.back()}, {"activation", "tanh"}}, {{of("a")}});
    model.layer("Dense", "db", {{"units", c.second.back()}, {"activation", "tanh"}}, {{of("b")}});
    model.layer("Concatenate", "c", {{"axis", c.axis}}, {{of("da"), of("db")}});
    const auto graph = graph_of(model.outputs({{"c", 0}}));
    CHECK(graph->outputs()[0].shape == c.output);
    check_gradients(*graph, 2);
  }
}

TEST_CASE("Merging layers compute what Keras does", "[host][nn]") {
  const std::vector<float> a{1, -2, 3, 4, 5, -6}, b{2, 1, 0.5F};  // [2, 3] and [3] of one sample
  const std::vector<const float*> inputs{a.data(), b.data()};
  const std::vector<std::pair<const char*, std::vector<float>>> cases{
      {"Add", {3, -1, 3.5F, 6, 6, -5.5F}},   {"Subtract", {-1, -3, 2.5F, 2, 4, -6.5F}},
      {"Multiply", {2, -2, 1.5F, 8, 5, -3}}, {"Average", {1.5F, -0.5F, 1.75F, 3, 3, -2.75F}},
      {"Maximum", {2, 1, 3, 4, 5, 0.5F}},    {"Minimum", {1, -2, 0.5F, 2, 1, -6}}};
  for (const auto& [merge, expected] : cases) {
    INFO(merge);
    const auto graph = graph_of(FunctionalJson()
                                    .input("a", {2, 3})
                                    .input("b", {3})
                                    .layer(merge, "m", json::object(), {{of("a"), of("b")}})
                                    .outputs({{"m", 0}}));
    graph->forward({1, Mode::Infer, 0}, inputs);
    CHECK(std::vector<float>(graph->output(0), graph->output(0) + 6) == expected);
  }
}

TEST_CASE("Masks that are merged count where one of them does, and stand in a row along the timesteps",
          "[host][nn]") {
  const std::vector<float> first{1, 0, 0, 1, 0, 1}, second{0, 1};  // [2, 3] and [2, 1]
  const std::vector<Mask> masks{first.data(), second.data()};
  const std::vector<std::int64_t> steps{3, 1};
  std::vector<float> united(6), appended(8);
  unite_masks(2, masks, steps, 3, united.data());
  CHECK(united == std::vector<float>{1, 0, 0, 1, 1, 1});
  append_masks(2, masks, steps, 4, appended.data());
  CHECK(appended == std::vector<float>{1, 0, 0, 0, 1, 0, 1, 1});
  // One without a mask counts everywhere.
  const std::vector<Mask> half{first.data(), nullptr};
  unite_masks(2, half, steps, 3, united.data());
  CHECK(united == std::vector<float>(6, 1.0F));
}

TEST_CASE("A Functional model is read from both notations and written as Keras 3 does", "[host][nn]") {
  for (const json& model : {diamond(), shared(), nested()}) {
    const std::string keras3 = keras_json({"", model.dump(), {}});
    CHECK(keras_json({"", keras3, {}}) == keras3);
    CHECK(keras3.find("__keras_tensor__") != std::string::npos);
  }
  const json written = json::parse(keras_json({"", nested().dump(), {}}));
  const json& layers = written.at("config").at("layers");
  CHECK(layers[2].at("inbound_nodes")[1].at("args")[0].at("config").at("keras_history") ==
        json::parse(R"(["inner", 0, 0])"));
  CHECK(written.at("config").at("output_layers") == json::parse(R"([["out", 0, 0]])"));
}

TEST_CASE("A Functional model's layers stand in the order of Keras, not of its file", "[host][nn]") {
  json model = shared();
  json& layers = model["config"]["layers"];
  std::swap(layers[0], layers[4]);
  std::swap(layers[1], layers[3]);
  CHECK(layer_names(model) == std::vector<std::string>{"left", "twice", "right", "difference", "out"});
  // A layer that is called at two depths stands at the deeper one.
  CHECK(layer_names(diamond()) == std::vector<std::string>{"in", "a", "b", "c"});
}

TEST_CASE("A shared layer has one set of weights and one penalty", "[host][nn]") {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.1)";
  options.loss = "mse";
  const auto model = compile({"", shared().dump(), {}}, options);
  CHECK(weight_names(*model) ==
        std::vector<std::string>{"twice/kernel", "twice/bias", "out/kernel", "out/bias"});
  const std::vector<float> zeros(8, 0.0F);
  Batch batch;
  batch.size = 2;
  batch.inputs = {zeros.data(), zeros.data()};
  batch.targets = {zeros.data()};
  model->reset_logs();
  model->test_batch(batch);
  double squares = 0;
  for (const float w : copy_of(model->tensors(Role::Weight)[0]))
    squares += static_cast<double>(w) * static_cast<double>(w);
  CHECK(logs_of(*model)[0] == Approx(0.01 * squares));
}

TEST_CASE("Models inside of models keep the order of get_weights() in every file", "[host][nn]") {
  CompileOptions options;
  options.loss = "mse";
  json frozen = nested();
  frozen["config"]["layers"][2]["config"]["layers"][1]["config"]["trainable"] = false;  // "wide"
  for (const json& model : {nested(), frozen}) {
    options.seed = 1;
    const auto first = compile({"", model.dump(), {}}, options);
    CHECK(weight_names(*first) ==
          std::vector<std::string>{"first/d/kernel", "first/d/bias", "inner/wide/kernel", "inner/wide/bias",
                                   "inner/norm/gamma", "inner/norm/beta", "inner/norm/moving_mean",
                                   "inner/norm/moving_variance", "inner/narrow/kernel", "inner/narrow/bias",
                                   "out/kernel", "out/bias"});
    const TemporaryDirectory directory;
    for (const char* file : {"m.h5", "m.keras", "m.weights.h5", "m.npz"}) {
      INFO(file);
      const std::string name = (directory / file).string();
      first->save(
          name, name.ends_with("s.h5") || name.ends_with("npz") ? SaveContent::Weights : SaveContent::Model);
      options.seed = 77;
      const auto second = compile({"", model.dump(), {}}, options);
      REQUIRE(weights_of(*second) != weights_of(*first));
      second->load_weights(name);
      CHECK(weights_of(*second) == weights_of(*first));
    }
  }
}

TEST_CASE("Outputs may be inputs, the same value twice, and named by a dict", "[host][nn]") {
  FunctionalJson model;
  model.input("in", {2}).layer("Dense", "d", {{"units", 2}}, {{of("in")}});
  const auto graph =
      graph_of(model.with_outputs({{"b", {"d", 0, 0}}, {"a", {"in", 0, 0}}, {"c", {"d", 0, 0}}}));
  std::vector<std::string> names;
  for (const Port& port : graph->outputs()) names.push_back(port.name);
  CHECK(names == std::vector<std::string>{"a", "b", "c"});
  check_gradients(*graph, 3);
  const auto twice = graph_of(model.outputs({{"d", 0}, {"d", 0}}));
  CHECK(twice->outputs()[1].name == "d_1");
  check_gradients(*twice, 1);
}

TEST_CASE("The argument training of a call is obeyed", "[host][nn]") {
  json model = FunctionalJson()
                   .input("in", {64})
                   .layer("Dropout", "drop", {{"rate", 0.5}}, {{of("in")}})
                   .outputs({{"drop", 0}});
  const std::vector<float> ones(64, 1.0F);
  const std::vector<const float*> inputs{ones.data()};
  for (const bool training : {true, false}) {
    model["config"]["layers"][1]["inbound_nodes"][0][0][3]["training"] = training;
    const auto graph = graph_of(json::parse(keras_json({"", model.dump(), {}})));
    for (const Mode mode : {Mode::Train, Mode::Infer}) {
      graph->forward({1, mode, 0}, inputs);
      const bool dropped = std::vector<float>(graph->output(0), graph->output(0) + 64) != ones;
      CHECK(dropped == training);
    }
  }
}

TEST_CASE("What a Functional model cannot have is refused by name", "[host][nn]") {
  const auto start = [] { return FunctionalJson().input("in", {3}); };
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
  const std::vector<std::pair<json, std::string>> cases{
      {one(of("inn")),
       "KAIROS-M060: layer \"a\" (Dense): it refers to a layer that the model has not; found \"inn\". Did "
       "you mean "
       "\"in\"?"},
      {one(of("b")),
       "KAIROS-M061: layer \"b\" (Dense): its output leads back to its input; found a cycle, expected "
       "layers that feed only later ones. Write the model again with model.to_json()."},
      {one(of("in", 1)),
       "KAIROS-M060: layer \"a\" (Dense): it refers to a call that the layer \"in\" has not; found "
       "call 1, expected 1 call, counted from 0. Write the model again with model.to_json()."},
      {one(of("in", 0, 2)),
       "KAIROS-M060: layer \"in\" (InputLayer): the model asks for an output that it has not; "
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
      {start().layer("Dense", "a", {{"units", 3}}, {{of("in"), of("in")}}).outputs({{"a", 0}}),
       "KAIROS-M063: layer \"a\" (Dense): it takes one input; found 2 inputs, expected one. Put a "
       "Concatenate or Add "
       "before it."},
      {start()
           .layer("Dense", "a", {{"units", 3}}, {{of("in")}})
           .layer("Dense", "b", {{"units", 3}}, {{of("in")}})
           .outputs({{"a", 0}}),
       "KAIROS-M062: layer \"b\" (Dense): it leads to no output of the model. Remove it, or make it an "
       "output."},
      {start().layer("Dense", "a", {{"units", 2}}, {{of("in")}, {of("a")}}).outputs({{"a", 1}}),
       "KAIROS-M065: layer \"a\" (Dense): two of its calls want different weights; found \"kernel\" of shape "
       "(2, 2), "
       "expected (3, 2). Call it with inputs of one shape."},
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
       "KAIROS-M008: layer \"s\" (Add): it cannot take what comes in; found shape (4), expected a shape that "
       "can be "
       "broadcast to that of the other inputs. Change the layer before it."},
      {FunctionalJson()
           .input("x", {3, 2})
           .input("y", {4, 1})
           .layer("Concatenate", "s", json::object(), {{of("x"), of("y")}})
           .outputs({{"s", 0}}),
       "KAIROS-M008: layer \"s\" (Concatenate): it cannot take what comes in; found shape (4, 1), expected "
       "the shape of "
       "the first input in all other dimensions. Change the layer before it."},
  };
  for (const auto& [model, sentence] : cases) {
    INFO(model.dump());
    CHECK(refusal(model) == sentence);
  }
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
      "KAIROS-M064: model: its calls of layers and models connect too many values; expected at most 50000.");
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
  CHECK(graph_of(model.outputs({{"l" + std::to_string(count), 0}}))->layer_count() == count);
}
