// SPDX-License-Identifier: MIT
// Writes Functional models in the JSON of Keras 2, line by line as one would call the layers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace kairos::tests {

using nlohmann::json;

/// ["dense", call, output, {}]
inline json of(const std::string& layer, int call = 0, int output = 0) {
  return json::array({layer, call, output, json::object()});
}

class FunctionalJson {
 public:
  FunctionalJson& input(const std::string& name, std::vector<int> shape) {
    json batch_shape = json::array({nullptr});
    for (const int dimension : shape) batch_shape.push_back(dimension);
    layers_.push_back({{"class_name", "InputLayer"},
                       {"name", name},
                       {"config", {{"name", name}, {"batch_input_shape", batch_shape}}},
                       {"inbound_nodes", json::array()}});
    inputs_.push_back({name, 0, 0});
    return *this;
  }
  /// `calls` are lists of references, one for each call.
  FunctionalJson& layer(const std::string& class_name, const std::string& name, json config,
                        std::vector<std::vector<json>> calls) {
    config["name"] = name;
    layers_.push_back(
        {{"class_name", class_name}, {"name", name}, {"config", config}, {"inbound_nodes", calls}});
    return *this;
  }
  FunctionalJson& model(const std::string& name, const json& model, std::vector<std::vector<json>> calls) {
    layers_.push_back({{"class_name", model["class_name"]},
                       {"name", name},
                       {"config", model["config"]},
                       {"inbound_nodes", calls}});
    layers_.back()["config"]["name"] = name;
    return *this;
  }
  [[nodiscard]] json outputs(std::vector<std::pair<std::string, int>> outputs) const {
    json list = json::array();
    for (const auto& [name, call] : outputs) list.push_back({name, call, 0});
    return with_outputs(list);
  }
  [[nodiscard]] json with_outputs(const json& outputs) const {
    return {
        {"class_name", "Model"},
        {"config",
         {{"name", "model"}, {"layers", layers_}, {"input_layers", inputs_}, {"output_layers", outputs}}}};
  }

 private:
  json layers_ = json::array();
  json inputs_ = json::array();
};

/// A chain as a model of its own.
inline json chain(const json& layers) {
  return {{"class_name", "Sequential"}, {"config", {{"name", "sequential"}, {"layers", layers}}}};
}

inline json dense(const std::string& name, int units, const char* activation = "tanh") {
  return {{"class_name", "Dense"},
          {"config", {{"name", name}, {"units", units}, {"activation", activation}}}};
}

}  // namespace kairos::tests
