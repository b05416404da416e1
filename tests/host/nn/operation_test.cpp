// SPDX-License-Identifier: MIT
// keras.ops nodes between the layers of a Functional model, also as masks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/keras3_json.hpp"
#include "kairos/host/compile.hpp"
#include "nn/architecture.hpp"
#include "nn/layers/operation.hpp"

using namespace kairos::host;
using kairos::tests::error_of;
using kairos::tests::keras3::input;
using Json = nlohmann::json;

namespace k3 = kairos::tests::keras3;

namespace {

Json tensor(const std::string& layer) {
  return k3::value(layer);
}

Json node(const char* module, const std::string& class_name, const std::string& name, const Json& config,
          const std::vector<Json>& args, const Json& kwargs = Json::object()) {
  Json json = k3::layer(class_name, name, config, Json(args), kwargs);
  json["module"] = module;
  json["registered_name"] = class_name;
  return json;
}

Json operation(const std::string& class_name, const std::string& name, const std::vector<Json>& args,
               const Json& config = Json::object()) {
  return k3::operation(class_name, name, Json(args), config);
}

Json layer(const std::string& class_name, const std::string& name, const Json& config,
           const std::vector<Json>& args, const Json& kwargs = Json::object()) {
  return k3::layer(class_name, name, config, Json(args), kwargs);
}

Json functional(const Json& layers, const std::vector<std::string>& inputs, const std::string& output) {
  return k3::model(layers, inputs, Json::array({Json::array({output, 0, 0})}));
}

/// y = operation(a, b) of two inputs with the given shapes; `args` may contain a number instead of one.
Json two_inputs(const std::string& class_name, const std::vector<Json>& args, const Json& a_shape,
                const Json& b_shape) {
  return functional({input("a", a_shape), input("b", b_shape), operation(class_name, "y", args)}, {"a", "b"},
                    "y");
}

std::vector<float> run(const Json& model, const std::vector<std::vector<float>>& inputs, std::int64_t batch) {
  const auto graph = build_graph(read_keras_json(model.dump(), "model"), {}, 1);
  std::vector<const float*> data;
  for (const auto& one : inputs) data.push_back(one.data());
  graph->forward({batch, Mode::Infer, 0}, data);
  return {graph->output(0), graph->output(0) + batch * size_of(graph->outputs()[0].shape)};
}

std::vector<float> unary(const std::string& class_name, const std::vector<float>& x,
                         const std::vector<Json>& args, const char* module = "keras.src.ops.numpy") {
  const Json width = Json::array({x.size()});
  return run(functional({input("a", width), node(module, class_name, "y", Json::object(), args)}, {"a"}, "y"),
             {x}, 1);
}

}  // namespace

TEST_CASE("Operations compute what NumPy does", "[host][nn]") {
  const std::vector<Json> both{tensor("a"), tensor("b")};
  const std::vector<float> a{1, -2, 0, 4}, b{2, -2, 3, 0.5F};
  struct Case {
    const char* name;
    std::vector<float> expected;
  };
  for (const Case& c : std::vector<Case>{{"Add", {3, -4, 3, 4.5F}},
                                         {"Subtract", {-1, 0, -3, 3.5F}},
                                         {"Multiply", {2, 4, 0, 2}},
                                         {"Divide", {0.5F, 1, 0, 8}},
                                         {"TrueDivide", {0.5F, 1, 0, 8}},
                                         {"Maximum", {2, -2, 3, 4}},
                                         {"Minimum", {1, -2, 0, 0.5F}},
                                         {"Equal", {0, 1, 0, 0}},
                                         {"NotEqual", {1, 0, 1, 1}},
                                         {"Greater", {0, 0, 0, 1}},
                                         {"GreaterEqual", {0, 1, 0, 1}},
                                         {"Less", {1, 0, 1, 0}},
                                         {"LessEqual", {1, 1, 1, 0}},
                                         {"LogicalAnd", {1, 1, 0, 1}},
                                         {"LogicalOr", {1, 1, 1, 1}},
                                         {"LogicalXor", {0, 0, 1, 0}}}) {
    INFO(c.name);
    CHECK(run(two_inputs(c.name, both, {2}, {2}), {a, b}, 2) == c.expected);
  }
  CHECK(unary("Add", {1, 2}, {tensor("a"), 3}) == std::vector<float>{4, 5});
  CHECK(unary("Subtract", {1, 2}, {3, tensor("a")}) == std::vector<float>{2, 1});
  CHECK(unary("Multiply", {1, 2}, {tensor("a"), 0.5}) == std::vector<float>{0.5F, 1});
  CHECK(unary("Negative", {1, -2}, {tensor("a")}) == std::vector<float>{-1, 2});
  CHECK(unary("Absolute", {1, -2}, {tensor("a")}) == std::vector<float>{1, 2});
  CHECK(unary("Square", {1, -2}, {tensor("a")}) == std::vector<float>{1, 4});
  CHECK(unary("LogicalNot", {1, 0}, {tensor("a")}) == std::vector<float>{0, 1});
  CHECK(unary("Relu", {1, -2}, {tensor("a")}, "keras.src.ops.nn") == std::vector<float>{1, 0});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(unary("Maximum", {nan}, {tensor("a"), 1})[0]));
  CHECK(std::isnan(unary("Minimum", {nan}, {1, tensor("a")})[0]));
}

TEST_CASE("An activation operation gives the same loss as the activation layer", "[host][nn]") {
  struct Case {
    const char *operation, *activation, *loss;
  };
  const std::vector<float> x{300, -200, 300, -200, 300, -200};
  for (const Case& c : {Case{"Softmax", "softmax", "sparse_categorical_crossentropy"},
                        Case{"Sigmoid", "sigmoid", "binary_crossentropy"}}) {
    const bool softmax = std::string(c.activation) == "softmax";
    const std::vector<float> labels{0, 1, softmax ? 2.0F : 0.0F};  // most of them are far from the logits
    const auto model_of = [&](const Json& last, const std::string& loss) {
      const Json body = layer("Dense", "body", {{"units", softmax ? 3 : 1}}, {tensor("a")});
      CompileOptions options;
      options.optimizer = "SGD(learning_rate=0.01)";
      options.loss = loss;
      options.seed = 4;
      return compile({"", functional({input("a", {2}), body, last}, {"a"}, "y").dump(), {}}, options);
    };
    const Json operation = node("keras.src.ops.nn", c.operation, "y",
                                softmax ? Json{{"axis", -1}} : Json::object(), {tensor("body")});
    const auto losses = [&](const Json& last) {
      const auto model = model_of(last, c.loss);
      Batch batch;
      batch.size = 3;
      batch.inputs = {x.data()};
      batch.targets = {labels.data()};
      std::vector<double> seen;
      for (int step = 0; step < 3; ++step) {
        model->reset_logs();
        model->train_batch(batch, nullptr);
        seen.push_back(kairos::tests::logs_of(*model).front());
      }
      return seen;
    };
    INFO(c.operation);
    const std::vector<double> expected =
        losses(layer("Activation", "y", {{"activation", c.activation}}, {tensor("body")}));
    CHECK(losses(operation) == expected);
    CHECK(*std::max_element(expected.begin(), expected.end()) > 20);  // Clipped, it is at most 16.1.
    CHECK(model_of(operation, c.loss)->training_doubts().empty());
    CHECK(model_of(operation, std::string(c.loss) + "(from_logits=true)")->training_doubts().size() == 1);
  }
  const std::vector<float> flat = unary("Softmax", {1, 1}, {tensor("a")}, "keras.src.ops.nn");
  CHECK(flat == std::vector<float>{0.5F, 0.5F});
}

TEST_CASE("Operations broadcast tensors of equal rank", "[host][nn]") {
  const std::vector<Json> both{tensor("a"), tensor("b")};
  CHECK(run(two_inputs("Add", both, {2, 1}, {1, 3}), {{1, 2}, {10, 20, 30}}, 1) ==
        std::vector<float>{11, 21, 31, 12, 22, 32});
  CHECK(error_of([&] {
          return run(two_inputs("Add", both, {2, 3}, {3}), {}, 1);
        }).find("KAIROS-M008: layer \"y\" (Add): ") == 0);
  CHECK(error_of([&] {
          return run(two_inputs("Add", both, {2}, {3}), {}, 1);
        }).find("KAIROS-M008: layer \"y\" (Add): ") == 0);
}

TEST_CASE("Gradients of operations agree with finite differences", "[host][nn]") {
  for (const char* name : {"Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum"})
    for (const bool broadcast : {false, true}) {
      INFO(name << broadcast);
      Json layers{
          input("in", {2}),
          layer("Dense", "d", {{"units", 3}, {"activation", "sigmoid"}, {"bias_initializer", "ones"}},
                {tensor("in")}),
          layer("Dense", "e",
                {{"units", broadcast ? 1 : 3}, {"activation", "sigmoid"}, {"bias_initializer", "ones"}},
                {tensor("in")}),
          operation(name, "y", {tensor("d"), tensor("e")}), operation("Multiply", "z", {0.5, tensor("y")})};
      const auto graph = build_graph(read_keras_json(functional(layers, {"in"}, "z").dump(), "model"), {}, 3);
      kairos::tests::check_gradients(*graph, 3);
    }
}

TEST_CASE("A mask from a node is equivalent to one from the previous layer", "[host][nn]") {
  const Json steps = Json::array({4});
  const Json embedding = {{"input_dim", 5}, {"output_dim", 3}, {"mask_zero", false}};
  Json implicit = embedding;
  implicit["mask_zero"] = true;
  for (const char* kind : {"LSTM", "GRU", "SimpleRNN", "GlobalAveragePooling1D"}) {
    INFO(kind);
    Json config = Json::object();
    if (std::string(kind) != "GlobalAveragePooling1D") config["units"] = 2;
    const Json by_node = functional({input("in", steps), layer("Embedding", "emb", embedding, {tensor("in")}),
                                     operation("NotEqual", "ne", {tensor("in"), 0}),
                                     layer(kind, "l", config, {tensor("emb")}, {{"mask", tensor("ne")}})},
                                    {"in"}, "l");
    const Json by_layer = functional({input("in", steps), layer("Embedding", "emb", implicit, {tensor("in")}),
                                      layer(kind, "l", config, {tensor("emb")})},
                                     {"in"}, "l");
    const auto a = compile({"", by_node.dump(), {}}, {}), b = compile({"", by_layer.dump(), {}}, {});
    const auto from = b->tensors(Role::Weight), to = a->tensors(Role::Weight);
    REQUIRE(from.size() == to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      CHECK(from[i].name == to[i].name);
      std::copy_n(from[i].data, size_of(from[i].shape), to[i].data);
    }
    a->tensors_written(Role::Weight);
    const std::vector<float> x{1, 2, 0, 0, 3, 0, 4, 0};
    const float *mine = nullptr, *other = nullptr;
    a->predict_batch({2, {x.data()}, {}, {}}, std::span(&mine, 1));
    b->predict_batch({2, {x.data()}, {}, {}}, std::span(&other, 1));
    const std::int64_t n = 2 * size_of(a->outputs()[0].shape);
    CHECK(std::vector<float>(mine, mine + n) == std::vector<float>(other, other + n));
    // The written JSON is read again, with the node and its constant.
    CHECK(keras_json({"", a->architecture(), {}}) == a->architecture());
    CHECK(a->architecture().find("\"mask\":{\"class_name\":\"__keras_tensor__\"") != std::string::npos);
  }
}

TEST_CASE("Masks that Keras computes from other masks are nodes too", "[host][nn]") {
  // Masking: any(x != 0); the Add layer: either mask; Concatenate: any over both, as wide as the values.
  const Json layers{
      input("in", {3, 2}),
      operation("NotEqual", "ne", {tensor("in"), 0.0}),
      operation("Any", "any", {tensor("ne")}, {{"axis", -1}, {"keepdims", false}}),
      operation("ExpandDims", "wide", {tensor("any")}, {{"axis", -1}}),
      operation("ZerosLike", "zeros", {tensor("in")}),
      operation("LogicalOr", "or", {tensor("wide"), tensor("zeros")}),
      operation("Concatenate", "cat", {Json::array({tensor("or"), tensor("or")})}, {{"axis", -1}}),
      operation("Any", "mask", {tensor("cat")}, {{"axis", -1}, {"keepdims", false}}),
      layer("GlobalAveragePooling1D", "mean", Json::object(), {tensor("in")}, {{"mask", tensor("mask")}})};
  CHECK(run(functional(layers, {"in"}, "mean"), {{1, 2, 3, 6, 0, 0}}, 1) == std::vector<float>{2, 4});
}

TEST_CASE("An unsupported operation is refused by name", "[host][nn]") {
  const auto refusal = [](const Json& op) {
    return error_of([&] {
      return read_keras_json(functional({input("a", {4}), op}, {"a"}, "y").dump(), "model").name;
    });
  };
  CHECK(refusal(operation("Einsum", "y", {tensor("a"), 0}))
            .find("KAIROS-M001: layer \"y\" (Einsum): the operation Einsum of keras.ops is not supported. "
                  "Write it with a layer") == 0);
  CHECK(refusal(operation("Add", "y", {tensor("a")}))
            .find("KAIROS-M102: layer \"y\" (Add): the operation is called with arguments") == 0);
  CHECK(refusal(operation("Add", "y", {1, 2})).find("KAIROS-M102: ") == 0);
  CHECK(refusal(operation("Add", "y", {tensor("a"), Json::array({"b"})}))
            .find("KAIROS-M102: layer \"y\" (Add): the operation is called with an argument that is not "
                  "supported; "
                  "found \"b\", expected tensors and numbers") == 0);
  CHECK(refusal(operation("Add", "y", {tensor("a"), "b"})).find("KAIROS-M102: ") == 0);
  CHECK(refusal(operation("Add", "y", {tensor("a"), 1e300})).find("KAIROS-M102: ") == 0);
  CHECK(
      refusal(operation("Add", "y",
                        {tensor("a"), Json{{"class_name", "__numpy__"}, {"config", {{"value", {1, "2"}}}}}}))
          .find("KAIROS-M102: ") == 0);
  CHECK(refusal(operation("Any", "y", {tensor("a")}, {{"axis", nullptr}}))
            .find("KAIROS-M003: layer \"y\" (Any): \"axis\"") == 0);
  CHECK(refusal(node("keras.src.ops.numpy", "Add", "y", Json::object(), {tensor("a"), 1}, {{"axis", 1}}))
            .find("KAIROS-M102: ") == 0);
  Json twice = operation("Add", "y", {tensor("a"), 1});
  twice["inbound_nodes"].push_back(twice["inbound_nodes"][0]);
  CHECK(refusal(twice).find("KAIROS-M102: layer \"y\" (Add): an operation is called once; found 2 calls") ==
        0);
  // Hostile shapes of the JSON are errors too.
  for (const Json& args : std::vector<Json>{
           nullptr, 3, "x", Json::object(), Json::array(), {Json::array()}, {{{1}}}, {Json::object()}}) {
    Json op = operation("Add", "y", {});
    op["inbound_nodes"][0]["args"] = args;
    CHECK(!refusal(op).empty());
  }
}

TEST_CASE("A mask is refused if the layer does not support one, or if its shape does not fit", "[host][nn]") {
  const auto refusal = [](const Json& mask, const char* kind, const Json& config) {
    const Json layers{input("a", {4, 2}), input("m", {4}),
                      layer(kind, "l", config, {tensor("a")}, {{"mask", mask}})};
    return error_of([&] { return run(functional(layers, {"a", "m"}, "l"), {}, 0); });
  };
  CHECK(refusal(tensor("m"), "Dense", {{"units", 2}})
            .find("KAIROS-M004: layer \"l\" (Dense): its call has an argument \"mask\"") == 0);
  CHECK(refusal(tensor("a"), "LSTM", {{"units", 2}}).find("KAIROS-M008: layer \"l\" (masked)") == 0);
  CHECK(refusal({1}, "LSTM", {{"units", 2}})
            .find("KAIROS-M004: layer \"l\" (LSTM): its call has an argument \"mask\"") == 0);
}

TEST_CASE("An open length is taken from the data and stays open in the architecture", "[host][nn]") {
  const Json model = functional(
      {input("in", {nullptr}), layer("Embedding", "e", {{"input_dim", 9}, {"output_dim", 3}}, {tensor("in")}),
       layer("LSTM", "l", {{"units", 2}}, {tensor("e")})},
      {"in"}, "l");
  for (const std::int64_t length : {3, 8}) {
    const auto compiled = compile({"", model.dump(), {length}}, {});
    CHECK(compiled->inputs()[0].shape == std::vector<std::int64_t>{length});
    CHECK(Json::parse(compiled->architecture())["config"]["layers"][0]["config"]["batch_shape"] ==
          Json({nullptr, nullptr}));
  }
  CHECK(error_of([&] {
          return compile({"", model.dump(), {}}, {});
        }) ==
        "KAIROS-M006: input \"in\": the architecture does not specify the input shape; found "
        "(None), expected "
        "the shape of one sample. Provide data, or the shape of a sample.");
  CHECK(error_of([&] {
          return compile({"", model.dump(), {3, 2}}, {});
        }).find("KAIROS-M016: input \"in\": the data does not have the shape") == 0);
  ModelSource by_name;
  by_name.text = model.dump();
  by_name.input_shapes["in"] = {5};
  CHECK(compile(by_name, {})->inputs()[0].shape == std::vector<std::int64_t>{5});
}
