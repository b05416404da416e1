// SPDX-License-Identifier: MIT
// Reads the one-line notation of models.
#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "compute/activation.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/call_text.hpp"
#include "nn/keras/object.hpp"
#include "nn/layer_registry.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view noun = "model";

[[noreturn]] void fail(const std::string& what, const std::string& found, const std::string& cure) {
  throw Error(ErrorKind::Model, {"KAIROS-M010", std::string(noun), what, found, "", cure});
}

Shape read_input(const CallText& call) {
  constexpr std::int64_t largest = 2147483647;
  Shape shape;
  for (const CallArgument& argument : call.arguments) {
    const nlohmann::json value = value_json(argument.value);
    if (!argument.name.empty() || !value.is_number_integer() || value < 1 || value > largest)
      fail("input takes the dimensions of one sample", "\"" + argument.value + "\"",
           "Write input(8) or input(28,28,1)");
    shape.push_back(value.get<std::int64_t>());
  }
  if (shape.empty()) fail("input needs a shape", "", "Write input(8) or input(28,28,1)");
  return shape;
}

/// Expands "relu" to "activation(relu)".
CallText spelled_out(const CallText& call) {
  if (find_layer_word(call.name) != nullptr || find_activation(call.name) == nullptr) return call;
  if (!call.arguments.empty()) fail(call.name + " takes no arguments", "", "Write " + call.name);
  return {"activation", {{"", call.name}}};
}

/// Makes l1= and l2= the kernel_regularizer, unless they are the layer's own arguments.
void fold_penalties(const LayerType& type, nlohmann::json& config) {
  if (std::find(type.positional.begin(), type.positional.end(), "l1") != type.positional.end()) return;
  nlohmann::json penalties = nlohmann::json::object();
  for (const char* key : {"l1", "l2"})
    if (const auto found = config.find(key); found != config.end()) {
      penalties[key] = *found;
      config.erase(found);
    }
  if (!penalties.empty())
    config["kernel_regularizer"] = {{"class_name", "L1L2"}, {"config", std::move(penalties)}};
}

nlohmann::json layer_config(const LayerType& type, CallText call) {
  std::size_t position = 0;
  for (CallArgument& argument : call.arguments)
    if (argument.name.empty()) {
      if (position == type.positional.size())
        fail(fmt::format("{} takes {} positional argument{}", type.word, type.positional.size(),
                         type.positional.size() == 1 ? "" : "s"),
             "\"" + argument.value + "\"", "Write key=value for the others");
      argument.name = type.positional[position++];
    }
  nlohmann::json config = call_json(call, noun).at("config");
  fold_penalties(type, config);
  return config;
}

/// Generates names as Keras does: dense, dense_1, dense_2.
class Names {
 public:
  std::string next(std::string_view class_name) {
    const std::string base = snake_case(class_name);
    const int before = count_[base]++;
    return before == 0 ? base : base + "_" + std::to_string(before);
  }

 private:
  std::map<std::string, int> count_;
};

}  // namespace

Architecture read_shorthand(std::string_view text) {
  Architecture model;
  model.begin_chain("input_layer", std::nullopt);
  Names names;
  for (const CallText& written : parse_calls(text, noun)) {
    if (written.name == "input") {
      if (model.layers.size() > 1 || model.layers.front().input_shape)
        fail("input comes after other layers", "", "Put it first");
      model.layers.front().input_shape = read_input(written);
      continue;
    }
    const CallText call = spelled_out(written);
    const LayerType* type = find_layer_word(call.name);
    if (type == nullptr) type = find_layer_type(call.name);
    if (type == nullptr)
      throw Error(ErrorKind::Model,
                  {"KAIROS-M001", std::string(noun), "there is no layer \"" + call.name + "\"", "", "",
                   suggest(call.name, layer_words())});
    nlohmann::json json = layer_config(*type, call);
    if (!json.contains("name")) json["name"] = names.next(type->class_name);
    ConfigReader config(
        json, layer_noun(json["name"].is_string() ? json["name"].get<std::string>() : "?", type->class_name),
        {"layer", std::string(type->class_name), nullptr});
    model.extend_chain(type->make(config));
    config.finish();
  }
  return model;
}

}  // namespace kairos::host
