// SPDX-License-Identifier: MIT
// Functional models: shared layers, nested models, several outputs.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/nn/batches.hpp"
#include "host/nn/functional_models.hpp"
#include "host/nn/gradients.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

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
      if (batch > 1 || model != nested()) check_gradients(*functional_graph(model), batch, 3e-3F);
    }
}

TEST_CASE("Gradients of a shared layer around others agree with finite differences", "[host][nn]") {
  const json lstm{{"class_name", "LSTM"}, {"config", {{"name", "lstm"}, {"units", 2}}}};
  for (const json& model :
       {shared_wrapper("Bidirectional", lstm), shared_wrapper("TimeDistributed", dense("d", 2))}) {
    INFO(model.dump());
    const auto graph = functional_graph(model);
    CHECK(graph->layer(1).parameters().front().values.data() ==
          graph->layer(0).parameters().front().values.data());
    for (const std::int64_t batch : {1, 3}) check_gradients(*graph, batch);
  }
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
      functional_graph(model.with_outputs({{"b", {"d", 0, 0}}, {"a", {"in", 0, 0}}, {"c", {"d", 0, 0}}}));
  std::vector<std::string> names;
  for (const Port& port : graph->outputs()) names.push_back(port.name);
  CHECK(names == std::vector<std::string>{"a", "b", "c"});
  check_gradients(*graph, 3);
  const auto twice = functional_graph(model.outputs({{"d", 0}, {"d", 0}}));
  CHECK(twice->outputs()[1].name == "d_1");
  check_gradients(*twice, 1);
}

TEST_CASE("The argument training of a call gives way to the training or inference of the model",
          "[host][nn]") {
  json model = FunctionalJson()
                   .input("in", {64})
                   .layer("Dropout", "drop", {{"rate", 0.5}}, {{of("in")}})
                   .outputs({{"drop", 0}});
  const std::vector<float> ones(64, 1.0F);
  const std::vector<const float*> inputs{ones.data()};
  for (const bool training : {true, false}) {
    model["config"]["layers"][1]["inbound_nodes"][0][0][3]["training"] = training;
    const auto graph = functional_graph(json::parse(keras_json({"", model.dump(), {}})));
    for (const Mode mode : {Mode::Train, Mode::Infer}) {
      graph->forward({1, mode, 0}, inputs);
      const bool dropped = std::vector<float>(graph->output(0), graph->output(0) + 64) != ones;
      CHECK(dropped == (mode == Mode::Train));
    }
  }
}
