// SPDX-License-Identifier: MIT
// Arguments of a newer Keras in every kind of object: neutral values are accepted, others are refused.
#include "nn/keras/keys.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/functional_json.hpp"
#include "nn/architecture.hpp"
#include "nn/keras/object.hpp"
#include "nn/layer_registry.hpp"
#include "nn/optimizer.hpp"

using namespace kairos::host;
using kairos::tests::error_of;
using Json = nlohmann::json;

namespace {

Json object(const char* class_name, const Json& config) {
  return {{"module", "keras"}, {"class_name", class_name}, {"config", config}, {"registered_name", nullptr}};
}

/// A model with every kind of object.
Json model() {
  const Json policy = object("DTypePolicy", {{"name", "float32"}});
  const Json dense = object("Dense", {{"name", "dense"},
                                      {"units", 3},
                                      {"dtype", policy},
                                      {"activation", object("ReLU", {{"name", "relu"}})},
                                      {"kernel_initializer", object("GlorotUniform", {{"seed", nullptr}})},
                                      {"kernel_regularizer", object("L2", {{"l2", 0.5}})},
                                      {"kernel_constraint", object("MaxNorm", {{"max_value", 2}})}});
  const Json both = object("Bidirectional",
                           {{"name", "both"}, {"layer", object("LSTM", {{"name", "lstm"}, {"units", 2}})}});
  const Json layers = Json::array(
      {object("InputLayer", {{"name", "in"}, {"batch_shape", {nullptr, 4, 3}}}), dense, both,
       object("Sequential", {{"name", "inner"},
                             {"layers", Json::array({object("BatchNormalization", {{"name", "bn"}})})}})});
  return object("Sequential", {{"name", "sequential"}, {"layers", layers}});
}

/// Where each kind of object is in the model, and its name in messages.
struct Kind {
  const char* pointer;
  const char* where;
};
const std::vector<Kind> kinds{
    {"", "model"},
    {"/config", "model"},
    {"/config/layers/0", "layer \"in\" (InputLayer)"},
    {"/config/layers/0/config", "layer \"in\" (InputLayer)"},
    {"/config/layers/1", "layer \"dense\" (Dense)"},
    {"/config/layers/1/config", "layer \"dense\" (Dense)"},
    {"/config/layers/1/config/dtype", "layer \"dense\" (Dense) dtype"},
    {"/config/layers/1/config/dtype/config", "layer \"dense\" (Dense) dtype"},
    {"/config/layers/1/config/activation/config", "layer \"relu\" (ReLU) in layer \"dense\" (Dense)"},
    {"/config/layers/1/config/kernel_initializer", "layer \"dense\" (Dense) kernel_initializer"},
    {"/config/layers/1/config/kernel_initializer/config", "layer \"dense\" (Dense) kernel_initializer"},
    {"/config/layers/1/config/kernel_regularizer/config", "layer \"dense\" (Dense) kernel_regularizer"},
    {"/config/layers/1/config/kernel_constraint/config", "layer \"dense\" (Dense) kernel_constraint"},
    {"/config/layers/2/config", "layer \"both\" (Bidirectional)"},
    {"/config/layers/2/config/layer/config",
     "layer \"forward_lstm\" (LSTM) in layer \"both\" (Bidirectional)"},
    {"/config/layers/3/config", "layer \"inner\" (Sequential)"},
    {"/config/layers/3/config/layers/0/config", "layer \"bn\" (BatchNormalization)"},
};

/// The model with an additional argument in the object at `pointer`.
std::vector<std::string> warnings_of(const char* pointer, const std::string& key, const Json& value,
                                     bool strict = false) {
  Json changed = model();
  changed[Json::json_pointer(pointer)][key] = value;
  UnknownKeys unknown(strict);
  static_cast<void>(read_keras_json(changed.dump(), "model", unknown));
  return unknown.warnings("m.json");
}

std::string refusal_of(const char* pointer, const std::string& key, const Json& value, bool strict = false) {
  return error_of([&] { return warnings_of(pointer, key, value, strict); });
}

const std::vector<Json> values_that_are_off{false, 0, 0.0, "", Json::array(), Json::object()};

}  // namespace

TEST_CASE("An unknown argument with a neutral value is accepted in every kind of object", "[host][nn]") {
  for (const Kind& kind : kinds) {
    INFO(kind.pointer);
    const std::string place = std::string("\"qqqqqqqq\" of ") + kind.where;
    CHECK(warnings_of(kind.pointer, "qqqqqqqq", nullptr, true).size() == 1);
    CHECK(warnings_of(kind.pointer, "qqqqqqqq", nullptr)
              .front()
              .find("m.json: unknown arguments that are null are ignored: " + place) == 0);
    for (const Json& value : values_that_are_off) {
      const std::vector<std::string> warnings = warnings_of(kind.pointer, "qqqqqqqq", value);
      REQUIRE(warnings.size() == 1);
      CHECK(warnings.front().find("m.json: the unknown argument " + place) == 0);
      CHECK(warnings.front().find("is ignored; found " + value.dump()) != std::string::npos);
      CHECK(refusal_of(kind.pointer, "qqqqqqqq", value, true) ==
            std::string("KAIROS-M101: ") + kind.where + ": there is no argument \"qqqqqqqq\"; found " +
                value.dump() +
                ", expected null, because unknown keys are read strictly. Remove it from the file, or do not "
                "read it strictly.");
    }
    for (const Json& value : std::vector<Json>{true, 0.5, -1, "x", {1}, {{"a", false}}})
      CHECK(refusal_of(kind.pointer, "qqqqqqqq", value) ==
            std::string("KAIROS-M100: ") + kind.where + ": there is no argument \"qqqqqqqq\"; found " +
                value.dump() +
                ", expected only keys that Keras 3.15 writes, or null. Remove it from the file if it changes "
                "nothing, "
                "or save the model without it.");
  }
}

TEST_CASE("An unknown argument that is close to a known one gets a suggestion", "[host][nn]") {
  const char* const dense = "/config/layers/1/config";
  CHECK(refusal_of(dense, "use_bais", true) ==
        "KAIROS-M100: layer \"dense\" (Dense): there is no argument \"use_bais\"; found true, expected only "
        "keys that "
        "Keras 3.15 writes, or null. Did you mean \"use_bias\"?");
  CHECK(warnings_of(dense, "use_bais", false).front().find(". Did you mean \"use_bias\"?") !=
        std::string::npos);
}

TEST_CASE("The same unknown argument of many layers is one warning", "[host][nn]") {
  Json changed = model();
  Json& layers = changed["config"]["layers"];
  for (int i = 0; i < 3; ++i) {
    Json norm = object("BatchNormalization",
                       {{"name", "bn" + std::to_string(i)}, {"qqqqqqqq", false}, {"rrrrrrrr", nullptr}});
    layers.push_back(norm);
  }
  layers.push_back(object("Dense", {{"name", "last"}, {"units", 1}, {"rrrrrrrr", nullptr}}));
  UnknownKeys unknown;
  static_cast<void>(read_keras_json(changed.dump(), "model", unknown));
  CHECK(unknown.warnings("m") ==
        std::vector<std::string>{"m: unknown arguments that are null are ignored: \"rrrrrrrr\" of layer "
                                 "\"bn0\" (BatchNormalization) and of 2 "
                                 "more, \"rrrrrrrr\" of layer \"last\" (Dense)",
                                 "m: the unknown argument \"qqqqqqqq\" of layer \"bn0\" (BatchNormalization) "
                                 "and of 2 more is ignored; found "
                                 "false, which usually has no effect"});
}

TEST_CASE("Arguments of Keras 2.0 to 3.15 without effect are accepted silently", "[host][nn]") {
  struct Case {
    const char* pointer;
    const char* key;
    Json value;
  };
  const char* const norm = "/config/layers/3/config/layers/0/config";
  const char* const initializer = "/config/layers/1/config/kernel_initializer/config";
  for (const Case& c : std::vector<Case>{
           {norm, "renorm", false},
           {norm, "renorm_clipping", nullptr},
           {norm, "renorm_clipping", {{"rmax", 3}}},
           {norm, "renorm_momentum", 0.99},
           {norm, "fused", true},
           {initializer, "input_axes", nullptr},
           {initializer, "output_axes", Json::array()},
           {initializer, "dtype", "float32"},
           {"/config/layers/1/config", "quantization_config", nullptr},
           {"/config/layers/1/config", "quantization_config", Json::object()},
           {"/config/layers/1/config", "lora_alpha", 8},
           {"/config/layers/0/config", "sparse", false},
           {"/config/layers/2/config/layer/config", "implementation", 2},
           {"/config/layers/2/config/layer/config", "time_major", false},
           {"/config/layers/1", "shared_object_id", 12345},
           {"", "keras_version", "3.15.1"},
       }) {
    INFO(c.key);
    CHECK(warnings_of(c.pointer, c.key, c.value, true).empty());
  }
}

TEST_CASE("A known argument with a value that would change the result is refused by name", "[host][nn]") {
  const char* const norm = "/config/layers/3/config/layers/0/config";
  CHECK(refusal_of(norm, "renorm", true) ==
        "KAIROS-M004: layer \"bn\" (BatchNormalization): \"renorm\" is not supported; found true, expected "
        "false. Remove "
        "it from the layer.");
  CHECK(refusal_of("/config/layers/1/config/kernel_initializer/config", "input_axes", {0}) ==
        "KAIROS-M004: layer \"dense\" (Dense) kernel_initializer: \"input_axes\" is not supported; found "
        "[0], expected "
        "null. Leave the axes to the layer.");
  CHECK(refusal_of("/config/layers/1/config", "quantization_config", {{"mode", "int8"}}) ==
        "KAIROS-M004: layer \"dense\" (Dense): \"quantization_config\" is not supported; found "
        "{\"mode\":\"int8\"}, "
        "expected null. Save the model before quantize().");
}

TEST_CASE("Every layer accepts an argument of a newer Keras that is null, false or 0", "[host][nn]") {
  for (const std::string& name : layer_class_names()) {
    const LayerType* const type = find_layer_type(name);
    if (type == nullptr) continue;
    UnknownKeys unknown;
    for (const Json& value : std::vector<Json>{nullptr, false, 0}) {
      const Json config{{"qqqqqqqq", value}};
      CHECK_NOTHROW(ConfigReader(config, name, {"layer", name, &unknown}).finish());
    }
    CHECK(unknown.warnings("m").size() == 3);
    const Json config{{"qqqqqqqq", 1}};
    CHECK_THROWS(ConfigReader(config, name, {"layer", name, &unknown}).finish());
  }
}

TEST_CASE("Unknown arguments of optimizers and schedules follow the same rules, and are refused if typed",
          "[host][nn]") {
  const Json schedule =
      object("ExponentialDecay", {{"initial_learning_rate", 0.1}, {"decay_steps", 2}, {"decay_rate", 0.5}});
  for (const char* name : {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam",
                           "Adafactor", "Ftrl", "Lamb", "Lion"})
    for (const char* pointer : {"", "/config", "/config/learning_rate", "/config/learning_rate/config"}) {
      INFO(name << " " << pointer);
      Json optimizer = object(name, {{"learning_rate", schedule}});
      UnknownKeys unknown;
      const auto with = [&](const Json& value, UnknownKeys* to) {
        optimizer[Json::json_pointer(pointer)]["qqqqqqqq"] = value;
        return make_optimizer(optimizer.dump(), to);
      };
      CHECK_NOTHROW(with(nullptr, &unknown));
      for (const Json& value : values_that_are_off) CHECK_NOTHROW(with(value, &unknown));
      CHECK(unknown.warnings("m").size() == 1 + values_that_are_off.size());
      UnknownKeys strict(true);
      CHECK(error_of([&] { return with(false, &strict); }).find("KAIROS-M101: optimizer") == 0);
      CHECK(error_of([&] { return with(3, &unknown); }).find("KAIROS-M100: optimizer") == 0);
    }
  UnknownKeys unknown;
  CHECK(error_of([&] {
          return make_optimizer("sgd(qqqqqqqq=false)", &unknown);
        }).find("KAIROS-M002: optimizer SGD") == 0);
  // Keras writes warmup_steps without a target, but ignores them.
  const Json cosine = object("CosineDecay", {{"initial_learning_rate", 0.1},
                                             {"decay_steps", 100},
                                             {"warmup_target", nullptr},
                                             {"warmup_steps", 10}});
  CHECK_NOTHROW(make_optimizer(object("SGD", {{"learning_rate", cosine}}).dump(), &unknown));
}

TEST_CASE("Unknown arguments that the user typed are refused", "[host][nn]") {
  CHECK(error_of([] {
          return read_shorthand("input(3) dense(2,qqqqqqqq=false)");
        }).find("KAIROS-M002: layer \"dense\" (Dense): there is no argument \"qqqqqqqq\"") == 0);
}
