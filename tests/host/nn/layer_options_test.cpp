// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "nn/layer_registry.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

/// The required options of a layer.
nlohmann::json least_config(const std::string& class_name) {
  static const nlohmann::json inner{
      {"module", "keras.layers"}, {"class_name", "LSTM"}, {"config", {{"name", "inner"}, {"units", 2}}}};
  static const std::map<std::string, nlohmann::json> needed{
      {"Dense", {{"units", 2}}},
      {"Activation", {{"activation", "relu"}}},
      {"Dropout", {{"rate", 0.5}}},
      {"Conv1D", {{"filters", 2}, {"kernel_size", 3}}},
      {"Conv2D", {{"filters", 2}, {"kernel_size", 3}}},
      {"DepthwiseConv1D", {{"kernel_size", 3}}},
      {"DepthwiseConv2D", {{"kernel_size", 3}}},
      {"Reshape", {{"target_shape", {2, 3}}}},
      {"Rescaling", {{"scale", 0.5}}},
      {"Embedding", {{"input_dim", 5}, {"output_dim", 3}}},
      {"SimpleRNN", {{"units", 2}}},
      {"LSTM", {{"units", 2}}},
      {"GRU", {{"units", 2}}},
      {"Bidirectional", {{"layer", inner}}},
      {"TimeDistributed", {{"layer", inner}}},
      {"RepeatVector", {{"n", 2}}},
      {"Permute", {{"dims", {2, 1}}}},
      {"MultiHeadAttention", {{"num_heads", 2}, {"key_dim", 3}}},
      {"RNN", {{"cell", {{"class_name", "GRUCell"}, {"config", {{"name", "cell"}, {"units", 2}}}}}}},
      {"StochasticDepth", {{"drop_path_rate", 0.1}}},
      {"CustomScaleLayer", {{"scale", 0.2}}},
  };
  const auto found = needed.find(class_name);
  nlohmann::json config = found == needed.end() ? nlohmann::json::object() : found->second;
  config["name"] = "l";
  return config;
}

void make(const std::string& class_name, const nlohmann::json& json) {
  ConfigReader config(json, layer_noun("l", class_name), {"layer", class_name, nullptr});
  const std::unique_ptr<Layer> layer = find_layer_type(class_name)->make(config);
  config.finish();
}

std::string refusal(const std::string& class_name, const char* key, const nlohmann::json& value) {
  nlohmann::json config = least_config(class_name);
  config[key] = value;
  return error_of([&] { make(class_name, config); });
}

}  // namespace

TEST_CASE("Every layer refuses unknown options and lists the known ones", "[host][nn]") {
  for (const std::string& class_name : layer_class_names()) {
    if (find_layer_type(class_name) == nullptr) continue;  // InputLayer is not in the registry
    INFO(class_name);
    CHECK_NOTHROW(make(class_name, least_config(class_name)));
    const std::string where = "KAIROS-M002: layer \"l\" (" + class_name + "): there is no argument ";
    const std::string unlike = refusal(class_name, "xyzzyxyzzyxyzzy", 1);
    CHECK(unlike.rfind(where + "\"xyzzyxyzzyxyzzy\". Known names: ", 0) == 0);
    CHECK(unlike.find("name, ") != std::string::npos);
    CHECK(unlike.find("trainable") != std::string::npos);
    CHECK(refusal(class_name, "trainabel", true) == where + "\"trainabel\". Did you mean \"trainable\"?");
  }
}

TEST_CASE("An invalid value is refused with the expected ones", "[host][nn]") {
  struct Case {
    const char* class_name;
    const char* key;
    nlohmann::json value;
    const char* found_and_expected;  ///< of KAIROS-M003
  };
  for (const Case& c : std::vector<Case>{
           {"Dense", "units", 0, "found 0, expected an integer from 1 to 2147483647."},
           {"Dense", "units", 2.5, "found 2.5, expected an integer from 1 to 2147483647."},
           {"Dense", "use_bias", "yes", "found \"yes\", expected true or false."},
           {"Dense", "trainable", 1, "found 1, expected true or false."},
           {"Dropout", "rate", 1.5, "found 1.5, expected a number from 0 to 1."},
           {"Dropout", "seed", 1e30, "found 1e+30, expected an integer from -9.2e+18 to 9.2e+18."},
           {"LSTM", "seed", -1e30, "found -1e+30, expected an integer from -9.2e+18 to 9.2e+18."},
           {"Dropout", "rate", "half", "found \"half\", expected a number from 0 to 1."},
           {"Conv2D",
            "kernel_size",
            {3, 0},
            "found [3,0], expected a positive integer, or a list of one for each dimension."},
           {"Conv2D", "strides", "two",
            "found \"two\", expected a positive integer, or a list of one for each dimension."},
           {"Conv2D", "padding", "full", "found \"full\", expected valid or same."},
           {"Conv1D", "padding", "full", "found \"full\", expected valid, same or causal."},
           {"Conv1D", "kernel_size", {3, 3}, "found [3,3], expected a positive integer, or a list of 1."},
           {"DepthwiseConv2D", "depth_multiplier", 1.5, "found 1.5, expected an integer from 1 to 1048576."},
           {"MaxPooling2D", "pool_size", -1,
            "found -1, expected a positive integer, or a list of one for each dimension."},
           {"AveragePooling1D", "padding", "causal", "found \"causal\", expected valid or same."},
           {"GlobalAveragePooling1D", "keepdims", 1, "found 1, expected true or false."},
           {"BatchNormalization", "momentum", 2, "found 2, expected a number from 0 to 1."},
           {"Softmax", "name", 5, "found 5, expected a text."},
       }) {
    INFO(c.class_name << " " << c.key);
    CHECK(refusal(c.class_name, c.key, c.value) ==
          std::string("KAIROS-M003: layer \"l\" (") + c.class_name + "): \"" + c.key +
              "\" has a value that cannot be used; " + c.found_and_expected + " Give \"" + c.key +
              "\" such a value.");
  }
}

TEST_CASE("Unsupported features of Keras are refused by name", "[host][nn]") {
  CHECK(refusal("DepthwiseConv2D", "data_format", "channels_first") ==
        "KAIROS-M004: layer \"l\" (DepthwiseConv2D): \"data_format\" is not supported; found "
        "\"channels_first\", expected \"channels_last\". Move the channels to the last dimension.");
  CHECK(refusal("GlobalMaxPooling1D", "data_format", "channels_first").rfind("KAIROS-M004: ", 0) == 0);
  CHECK(refusal("Dense", "lora_rank", 4) ==
        "KAIROS-M004: layer \"l\" (Dense): \"lora_rank\" is not supported; found 4, expected null. Save the "
        "model before enable_lora().");
  CHECK(refusal("Dropout", "noise_shape", {1, 2}).rfind("KAIROS-M004: ", 0) == 0);
  CHECK(refusal("BatchNormalization", "renorm", true).rfind("KAIROS-M004: ", 0) == 0);
  CHECK(refusal("Dense", "kernel_constraint", "max_nrom") ==
        "KAIROS-M014: layer \"l\" (Dense) kernel_constraint: there is no constraint \"max_nrom\". Did you "
        "mean \"max_norm\"?");
  CHECK(
      refusal("Dense", "kernel_initializer", "glorot_unifrom") ==
      "KAIROS-M014: layer \"l\" (Dense) kernel_initializer: there is no initializer \"glorot_unifrom\". Did "
      "you mean \"glorot_uniform\"?");
  CHECK(refusal("Dense", "kernel_initializer", 3) ==
        "KAIROS-M005: layer \"l\" (Dense) kernel_initializer: this is neither a name nor a Keras object; "
        "found 3, "
        "expected a name, or {\"class_name\": …, \"config\": …}. Write one of the two, with a name such as "
        "\"glorot_uniform\".");
  CHECK(refusal("Dense", "activation", "rellu") ==
        "KAIROS-M014: layer \"l\" (Dense): there is no activation \"rellu\". Did you mean \"relu\"?");
  CHECK(refusal("Activation", "activation", "threshold") ==
        "KAIROS-M004: layer \"l\" (Activation): threshold is not supported as an activation, because Keras "
        "does not store its arguments. Use the layer ReLU, which has a threshold.");
}
