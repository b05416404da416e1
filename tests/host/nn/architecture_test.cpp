// SPDX-License-Identifier: MIT
#include "nn/architecture.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/keras3_json.hpp"
#include "kairos/host/array.hpp"
#include "nn/layer_registry.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

nlohmann::json json_of(const std::string& text, const Shape& data_shape = {}) {
  return nlohmann::json::parse(keras_json({"", text, data_shape}));
}

std::string refusal(const std::string& text, const Shape& data_shape = {}) {
  return error_of([&] { return keras_json({"", text, data_shape}); });
}

struct Refusal {
  std::string text;
  std::string sentence;
};

void check_refusals(const std::vector<Refusal>& cases) {
  for (const Refusal& c : cases) {
    INFO(c.text);
    CHECK(refusal(c.text) == c.sentence);
  }
}

std::vector<std::string> layer_names(const nlohmann::json& model) {
  std::vector<std::string> names;
  for (const nlohmann::json& layer : model.at("config").at("layers"))
    names.push_back(layer.at("config").at("name").get<std::string>());
  return names;
}

/// A Sequential model of one Dense layer with more keys in its config.
std::string dense_with(const std::string& more) {
  return R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 3,
             "batch_input_shape": [null, 4])" +
         more + "}}]}";
}

constexpr const char* keras_2 =
    R"({"class_name": "Sequential", "keras_version": "2.3.1", "backend": "tensorflow",
  "config": {"name": "sequential_1", "layers": [
    {"class_name": "Dense", "config": {"name": "dense_1", "trainable": true, "batch_input_shape": [null, 20],
      "dtype": "float32", "units": 64, "activation": "relu", "use_bias": true,
      "kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg",
        "distribution": "uniform", "seed": null}},
      "bias_initializer": {"class_name": "Zeros", "config": {}}, "kernel_regularizer": {"class_name": "L1L2",
        "config": {"l1": 0.0, "l2": 0.009999999776482582}}, "bias_regularizer": null,
      "activity_regularizer": null, "kernel_constraint": null, "bias_constraint": null}},
    {"class_name": "Dropout", "config": {"name": "dropout_1", "trainable": true, "dtype": "float32", "rate": 0.5,
      "noise_shape": null, "seed": null}},
    {"class_name": "Dense", "config": {"name": "dense_2", "units": 10, "activation": "softmax"}}]}})";

}  // namespace

TEST_CASE("A Keras 2 model is read and written as Keras 3", "[host][nn]") {
  const nlohmann::json model = json_of(keras_2);
  CHECK(model.at("config").at("name") == "sequential_1");
  CHECK(layer_names(model) == std::vector<std::string>{"input_layer", "dense_1", "dropout_1", "dense_2"});
  const nlohmann::json& dense = model.at("config").at("layers").at(1);
  CHECK(dense.at("config").at("kernel_initializer").at("class_name") == "VarianceScaling");
  CHECK(dense.at("config").at("kernel_initializer").at("config").at("mode") == "fan_avg");
  CHECK(dense.at("config").at("kernel_regularizer").at("class_name") == "L2");
  CHECK(dense.at("build_config").at("input_shape") == nlohmann::json::parse("[null, 20]"));
}

TEST_CASE("Keras 2.2 and later write the shape of the input twice", "[host][nn]") {
  const std::string layers = R"([
    {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 9], "dtype": "float32", "sparse": false,
      "ragged": false, "name": "embedding_input"}},
    {"class_name": "Embedding", "config": {"name": "embedding", "batch_input_shape": [null, null], "input_dim": 5,
      "output_dim": 2, "input_length": null}},
    {"class_name": "Flatten", "config": {"name": "flatten", "data_format": "channels_last"}}])";
  const nlohmann::json chain =
      json_of(R"({"class_name": "Sequential", "config": {"name": "s", "layers": )" + layers + "}}");
  CHECK(layer_names(chain) == std::vector<std::string>{"embedding_input", "embedding", "flatten"});
  CHECK(chain.at("config").at("layers").at(2).at("build_config").at("input_shape") ==
        nlohmann::json::parse("[null, 9, 2]"));
  nlohmann::json graph = nlohmann::json::parse(layers);
  for (std::size_t i = 0; i < graph.size(); ++i) {
    graph[i]["name"] = graph[i]["config"]["name"];
    graph[i]["inbound_nodes"] = nlohmann::json::array();
    if (i > 0) graph[i]["inbound_nodes"] = {{{graph[i - 1]["name"], 0, 0, nlohmann::json::object()}}};
  }
  const nlohmann::json functional{{"name", "m"},
                                  {"layers", graph},
                                  {"input_layers", {{"embedding_input", 0, 0}}},
                                  {"output_layers", {{"flatten", 0, 0}}}};
  CHECK(layer_names(json_of(nlohmann::json{{"class_name", "Functional"}, {"config", functional}}.dump())) ==
        layer_names(chain));
}

TEST_CASE("The list of layers of older Keras versions is read", "[host][nn]") {
  CHECK(layer_names(json_of(dense_with(""))) == std::vector<std::string>{"input_layer", "d"});
}

TEST_CASE("Written JSON is read and written back unchanged", "[host][nn]") {
  for (const char* text :
       {keras_2, "input(28,28,1) flatten dense(64,relu,l2=0.01) dropout(0.2,seed=4) dense(10,softmax)",
        "input(4) dense(3,use_bias=false,kernel_initializer=he_normal,trainable=false) gelu "
        "dense(1,l1=1,l2=2)",
        "input(5,6) dense(2,kernel_initializer=RandomUniform(minval=-1,maxval=1,seed=3)) "
        "activation(softmax)"}) {
    INFO(text);
    const std::string first = keras_json({"", text, {}});
    CHECK(keras_json({"", first, {}}) == first);
  }
}

TEST_CASE("The shorthand creates the layers that it names", "[host][nn]") {
  const nlohmann::json model = json_of("dense(64, relu) dropout(0.2) relu dense(10, softmax)", {8});
  CHECK(layer_names(model) ==
        std::vector<std::string>{"input_layer", "dense", "dropout", "activation", "dense_1"});
  const nlohmann::json& layers = model.at("config").at("layers");
  CHECK(layers[0].at("config").at("batch_shape") == nlohmann::json::parse("[null, 8]"));
  CHECK(layers[1].at("config").at("units") == 64);
  CHECK(layers[1].at("config").at("activation") == "relu");
  CHECK(layers[2].at("config").at("rate") == 0.2);
  CHECK(layers[3].at("config").at("activation") == "relu");
  CHECK(layers[4].at("build_config").at("input_shape") == nlohmann::json::parse("[null, 64]"));
  CHECK(json_of("Dense(units=3)", {2}).at("config").at("layers")[1].at("config").at("activation") ==
        "linear");
}

TEST_CASE("Keys of Keras without effect on results are accepted", "[host][nn]") {
  for (const char* more :
       {R"(, "kernel_constraint": null, "quantization_config": null)", R"(, "dtype": "float32")",
        R"(, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}})",
        R"(, "activation": {"module": "builtins", "class_name": "function", "config": "relu"})",
        R"(, "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.0}})"}) {
    INFO(more);
    CHECK(refusal(dense_with(more)).empty());
  }
}

TEST_CASE("Unsupported options of a Keras layer are refused by name", "[host][nn]") {
  check_refusals({
      {dense_with(R"(, "activity_regularizer": {"class_name": "L3", "config": {}})"),
       "KAIROS-M014: layer \"d\" (Dense) activity_regularizer: there is no regularizer \"L3\". Did you mean "
       "\"l1\"?"},
      {dense_with(R"(, "dtype": "mixed_float16")"),
       "KAIROS-M003: layer \"d\" (Dense): \"dtype\" has a value that cannot be used; found "
       "\"mixed_float16\", expected "
       "float32. Give \"dtype\" such a value."},
      {dense_with(R"(, "dtype": {"class_name": "DTypePolicy", "config": {"name": "bfloat16"}})"),
       "KAIROS-M003: layer \"d\" (Dense): \"dtype\" has a value that cannot be used; found "
       "{\"class_name\":\"DTypePolicy\",\"config\":{\"name\":\"bfloat16\"}}, expected float32. Give "
       "\"dtype\" such a value."},
      {dense_with(
           R"(, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}})"),
       "KAIROS-M003: layer \"d\" (Dense): \"dtype\" has a value that cannot be used; found "
       "{\"class_name\":\"DTypePolicy\",\"config\":{\"name\":\"mixed_bfloat16\"},\"module\":\"keras\"}, "
       "expected float32. Save the model with the policy float32, and train it with precision bf16."},
      {dense_with(R"(, "dtype": "mixed_bfloat16")"),
       "KAIROS-M003: layer \"d\" (Dense): \"dtype\" has a value that cannot be used; found "
       "\"mixed_bfloat16\", expected float32. Save the model with the policy float32, and train it with "
       "precision bf16."},
      {dense_with(R"(, "activation": "rleu")"),
       "KAIROS-M014: layer \"d\" (Dense): there is no activation \"rleu\". Did you mean \"relu\"?"},
      {dense_with(R"(, "use_bais": true)"),
       "KAIROS-M100: layer \"d\" (Dense): there is no argument \"use_bais\"; found true, expected only keys "
       "that "
       "Keras 3.15 writes, or null. Did you mean \"use_bias\"?"},
      {dense_with(R"(, "kernel_initializer": "he_norml")"),
       "KAIROS-M014: layer \"d\" (Dense) kernel_initializer: there is no initializer \"he_norml\". Did you "
       "mean "
       "\"he_normal\"?"},
      {dense_with(R"(, "kernel_regularizer": {"class_name": "OrthogonalRegularizer", "config": {}})"),
       "KAIROS-M014: layer \"d\" (Dense) kernel_regularizer: there is no regularizer "
       "\"OrthogonalRegularizer\". Known names: "
       "l1, l2, l1_l2."},
  });
}

TEST_CASE("Unsupported Keras models are refused by name", "[host][nn]") {
  std::string all_layers;
  for (const std::string& name : layer_class_names()) all_layers += (all_layers.empty() ? "" : ", ") + name;
  check_refusals({
      {R"({"class_name": "Sequential", "config": [{"class_name": "Xyzzy", "config": {"name": "c"}}]})",
       "KAIROS-M001: layer \"c\" (Xyzzy): there is no layer \"Xyzzy\". Known names: " + all_layers + "."},
      {R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "module": "mine", "config": {"name": "c"}}]})",
       "KAIROS-M004: layer \"c\" (Dense): classes from outside Keras cannot be loaded; found module "
       "\"mine\", expected a Keras class. Replace it with a Keras class."},
      {R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "registered_name": "my>Dense",
           "config": {"name": "c"}}]})",
       "KAIROS-M004: layer \"c\" (Dense): classes from outside Keras cannot be loaded; found \"my>Dense\", "
       "expected a Keras class. Replace it with a Keras class."},
      {R"({"class_name": "Subclassed", "config": {}})",
       "KAIROS-M004: model: only Sequential and Functional models can be read; found \"Subclassed\", "
       "expected "
       "Sequential, Functional or Model. Write the model as keras.Sequential or keras.Model(inputs, "
       "outputs)."},
      {R"({"class_name": "Sequential", "config": {"layers": 3}})",
       "KAIROS-M005: model: this is not the JSON of a Keras model; found \"layers\" is 3, expected a list of "
       "layers. Write it "
       "with model.to_json()."},
      {R"({"history": []})",
       "KAIROS-M005: model: this is not the JSON of a Keras model; found no class_name, expected "
       "{\"class_name\": "
       "\"Sequential\", \"config\": …}. Write it with model.to_json()."},
      {R"({"class_name": "Sequential", "config": [{"class_name": "InputLayer", "config": {"batch_shape": [0, 8]}}]})",
       "KAIROS-M003: layer \"?\" (InputLayer): \"batch_shape\" has a value that cannot be used; found [0,8], "
       "expected null or a batch size first. Give \"batch_shape\" such a value."},
  });
}

TEST_CASE("Invalid shorthands are refused by name", "[host][nn]") {
  check_refusals({
      {"", "KAIROS-M015: model: it has no layers. Write for example \"dense(64,relu) dense(10,softmax)\"."},
      {"input(3) dens(4)", "KAIROS-M001: model: there is no layer \"dens\". Did you mean \"dense\"?"},
      {"input(3) dense(4,relu,7)",
       "KAIROS-M010: model: dense takes 2 positional arguments; found \"7\". Write key=value for the "
       "others."},
      {"input(3) dense(0)",
       "KAIROS-M003: layer \"dense\" (Dense): \"units\" has a value that cannot be used; found 0, expected "
       "an integer from 1 "
       "to 2147483647. Give \"units\" such a value."},
      {"input(3) dense",
       "KAIROS-M003: layer \"dense\" (Dense): \"units\" is missing; "
       "expected an integer from 1 to 2147483647. Give \"units\"."},
      {"input(3) dropout(1.5)",
       "KAIROS-M003: layer \"dropout\" (Dropout): \"rate\" has a value that cannot be used; found 1.5, "
       "expected a number from "
       "0 to 1. Give \"rate\" such a value."},
      {"input(3) relu(4)", "KAIROS-M010: model: relu takes no arguments. Write relu."},
      {"dense(3) input(3)", "KAIROS-M010: model: input comes after other layers. Put it first."},
      {"input(0) dense(3)",
       "KAIROS-M010: model: input takes the dimensions of one sample; found \"0\". Write input(8) or "
       "input(28,28,1)."},
      {"dense(3)",
       "KAIROS-M006: model: its input shape is unknown. Start the model with input(…), or provide data."},
      {"input(3) dense(2,name=a) dense(2,name=a)",
       "KAIROS-M007: layer \"a\" (Dense): another layer has the same name. Give each layer its own name."},
      {"input(3) dense(2,name=a/b)",
       "KAIROS-M003: layer \"a/b\" (Dense): \"name\" has a value that cannot be used; found \"a/b\", "
       "expected a name without "
       "\"/\". Give \"name\" such a value."},
      {"input(100000) dense(100000)",
       "KAIROS-M018: layer \"dense\" (Dense): the weight \"kernel\" is too large; found (100000, 100000), "
       "expected at most "
       "2147483648 values. Make the layer smaller."},
  });
}

TEST_CASE("Data that does not have the shape of the model's input is refused", "[host][nn]") {
  CHECK(refusal("input(8) dense(3)", {7}) ==
        "KAIROS-M016: input \"input_layer\": the data does not have the shape that the model expects; "
        "found (7), "
        "expected (8). Change the data or the model's input.");
  CHECK(refusal("input(8) dense(3)", {8}).empty());
}

TEST_CASE("Hostile JSON is refused", "[host][nn]") {
  const std::string deep = R"({"class_name": "Sequential", "config": )" + std::string(10000, '[');
  CHECK(refusal(deep).find("nested too deeply") != std::string::npos);
  for (
      const char* text :
      {R"({"class_name": "Sequential", "config": [1]})",
       R"({"class_name": "Sequential", "config": [{"class_name": 1}]})",
       R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": []}]})",
       R"({"class_name": "Sequential"})", R"({"class_name": "Sequential", "config": null})",
       R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer", "config":
            {"batch_shape": [null, -3]}}]}})",
       R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": 7, "units": 3}}]})",
       R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 1e99}}]})",
       R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 3,
            "activation": {"class_name": 3}}}]})",
       R"({"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "units": 3,
            "kernel_initializer": {"class_name": "GlorotUniform", "config": [1]}}}]})",
       "{", "{}"}) {
    INFO(text);
    CHECK(refusal(text).rfind("KAIROS-", 0) == 0);
  }
}

TEST_CASE("A batch size in the input shape is kept, but limits nothing", "[host][nn]") {
  namespace k3 = kairos::tests::keras3;
  k3::Json model = k3::model(
      {k3::input("x", {5}), k3::layer("Dense", "d", {{"units", 2}}, k3::Json::array({k3::value("x")}))},
      {"x"}, {{"d", 0, 0}});
  model["config"]["layers"][0]["config"]["batch_shape"][0] = 8;
  Architecture architecture = read_keras_json(model.dump(), "model");
  const auto graph = build_graph(architecture, {}, 1);
  CHECK(k3::run(*graph, {std::vector<float>(15, 1.0F)}, 3).size() == 6);
  const k3::Json written = k3::Json::parse(write_keras_json(architecture));
  CHECK(written["config"]["layers"][0]["config"]["batch_shape"] == k3::Json({8, 5}));
}
