// SPDX-License-Identifier: MIT
// References are [layer, call, output] in Keras 2, and in "input_layers" and "output_layers". In calls of
// Keras 3 they are "__keras_tensor__" objects with such a list as "keras_history".
#include "nn/keras/functional_nodes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "kairos/host/error.hpp"
#include "nn/keras/config_reader.hpp"

namespace kairos::host {

namespace {

using Json = nlohmann::json;

[[noreturn]] void bad_node(const std::string& where, const std::string& found, const std::string& expected) {
  throw Error(ErrorKind::Model, {"KAIROS-M005", where, "this is not how Keras connects layers", found,
                                 expected, "Write the model with model.to_json()"});
}

/// ["dense", 0, 0]; in calls of Keras 2, arguments may follow.
bool is_reference(const Json& json) {
  return json.is_array() && (json.size() == 3 || json.size() == 4) && json[0].is_string() &&
         json[1].is_number_integer() && json[2].is_number_integer();
}

bool is_of_class(const Json& json, const char* name) {
  return json.is_object() && json.contains("class_name") && json["class_name"] == name;
}

bool is_keras_tensor(const Json& json) {
  return is_of_class(json, "__keras_tensor__");
}

/// Whether `json` is a tensor, or a list of tensors and null.
bool are_tensors(const Json& json) {
  if (is_reference(json) || is_keras_tensor(json)) return true;
  return json.is_array() && std::all_of(json.begin(), json.end(), [](const Json& one) {
           return one.is_null() || is_reference(one) || is_keras_tensor(one);
         });
}

bool is_nested_functional(const ArchitectureLayer& layer) {
  return layer.model && layer.model->kind == Architecture::Kind::Functional;
}

using ForEachSource = std::vector<ValueSource*>;

void collect(ValueGroup& group, ForEachSource& sources) {
  for (ValueSource& source : group.values) sources.push_back(&source);
}

/// Keras 2, and Keras 3 in "output_layers", count the calls of a nested model from 1: call 0 is its
/// definition, which is not in the file. Every call is referenced, so the lowest number shows which way it
/// was counted.
void count_calls_from_zero(Architecture& model, const ForEachSource& sources) {
  std::vector<char> from_one(model.layers.size());
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
    from_one[layer] = model.layers[layer].model ? 1 : 0;
  for (const ValueSource* source : sources)
    if (source->call == 0) from_one[source->layer] = 0;
  for (ValueSource* source : sources)
    if (from_one[source->layer] != 0) --source->call;
}

}  // namespace

void FunctionalNodes::add(const ArchitectureLayer& layer, const std::string& name, const Json& calls,
                          const std::string& where) {
  index_.emplace(name, entries_.size());
  entries_.push_back({name, &calls, where, layer.operation.has_value(),
                      &call_signature(layer.class_name, layer.model != nullptr)});
}

ValueSource FunctionalNodes::find(const Json& reference, const std::string& where) const {
  const std::string name = reference[0].get<std::string>();
  const auto found = index_.find(name);
  if (found == index_.end()) {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.name);
    throw Error(ErrorKind::Model, {"KAIROS-M060", where, "it refers to a layer that does not exist",
                                   "\"" + name + "\"", "", suggest(name, names)});
  }
  constexpr std::int64_t most = 1'000'000;
  const auto number = [&](const Json& json) {
    const bool fits = json.is_number_unsigned() || json.get<std::int64_t>() >= 0;
    if (!fits || json.get<std::uint64_t>() > most)
      bad_node(where, brief_json(reference), "[layer, call, output]");
    return json.get<std::size_t>();
  };
  return {found->second, number(reference[1]), number(reference[2])};
}

ValueGroup FunctionalNodes::read_group(const Json& json, const std::string& where) const {
  const auto one = [&](const Json& value) {
    if (is_reference(value)) return find(value, where);
    if (is_keras_tensor(value)) {
      const auto config = value.find("config");
      if (config != value.end() && config->is_object() && config->contains("keras_history") &&
          is_reference((*config)["keras_history"]))
        return find((*config)["keras_history"], where);
    }
    bad_node(where, brief_json(value), "[layer, call, output]");
  };
  if (is_of_class(json, "__tuple__") && json.contains("items")) return read_group(json["items"], where);
  ValueGroup group;
  if (is_reference(json) || is_keras_tensor(json)) {
    group.values.push_back(one(json));
  } else if (json.is_array()) {
    group.grouping = Grouping::List;
    for (const Json& value : json) group.values.push_back(one(value));
  } else if (json.is_object()) {
    group.grouping = Grouping::Named;
    for (const auto& [name, value] : json.items()) {  // sorted by name
      const bool wrapped = value.is_array() && value.size() == 1;
      group.values.push_back(one(wrapped ? value[0] : value));
      group.names.push_back(name);
    }
  } else {
    bad_node(where, brief_json(json), "references to layers");
  }
  if (group.values.empty()) bad_node(where, "no references", "at least one reference to a layer");
  return group;
}

/// Reads the tensors among the arguments, wherever they are; the others belong to the operation.
LayerCall FunctionalNodes::read_operation_call(const Json& json, const Entry& entry) const {
  LayerCall call;
  call.inputs.grouping = Grouping::List;
  const auto collect_tensors = [&](const Json& value, const auto& self) -> void {
    if (is_keras_tensor(value)) {
      call.inputs.values.push_back(read_group(value, entry.where).values.front());
      return;
    }
    if (value.is_structured())
      for (const Json& one : value) self(one, self);
  };
  collect_tensors(json["args"], collect_tensors);
  if (call.inputs.values.empty()) bad_node(entry.where, "no tensor", "a tensor among the args");
  return call;
}

/// Appends the tensors of an argument to the inputs. A list may contain None.
void FunctionalNodes::read_tensors(const std::string& name, const Json& value, const std::string& where,
                                   LayerCall& call) const {
  TensorArgument argument{name, value.is_array() && !is_reference(value), {}};
  const Json list = argument.is_list ? value : Json::array({value});
  for (const Json& one : list) {
    argument.given.push_back(!one.is_null());
    if (!one.is_null()) call.inputs.values.push_back(read_group(one, where).values.front());
  }
  if (argument.count() > 0) call.tensors.push_back(std::move(argument));
}

/// Reads the arguments of a call other than its inputs.
void FunctionalNodes::read_arguments(const Json& arguments, const Entry& entry, LayerCall& call) const {
  if (!arguments.is_object()) bad_node(entry.where, brief_json(arguments), "an object of arguments");
  for (const auto& [key, value] : arguments.items()) {
    if (value.is_null()) continue;
    if (key == "training" && value.is_boolean()) {
      call.training = value.get<bool>();
      continue;
    }
    if (entry.signature->takes_flag(key) && value.is_boolean()) {
      if (value.get<bool>()) call.flags.push_back(key);
      continue;
    }
    const Json& items = is_of_class(value, "__tuple__") && value.contains("items") ? value["items"] : value;
    if (entry.signature->takes_tensor(key) && are_tensors(items)) {
      read_tensors(key, items, entry.where, call);
      continue;
    }
    throw Error(ErrorKind::Model,
                {"KAIROS-M004", entry.where,
                 "its call has an argument \"" + key.substr(0, 80) + "\" that is not supported",
                 brief_json(value), "training or no argument", "Call the layer without it"});
  }
}

/// Moves the inputs of a call from its arguments, all by name, to `call`.
void FunctionalNodes::take_inputs(Json& arguments, const Entry& entry, LayerCall& call) const {
  const CallSignature& signature = *entry.signature;
  call.separate = signature.inputs > 1;
  for (std::size_t i = 0; i < signature.inputs; ++i) {
    const std::string name(signature.names[i]);
    const Json value = arguments.value(name, Json());
    arguments.erase(name);
    if (value.is_null() && i < 2 && (i == 0 || call.separate))
      bad_node(entry.where, "no argument \"" + name + "\"", "a tensor");
    if (value.is_null()) continue;
    if (!call.separate)
      call.inputs = read_group(value, entry.where);
    else
      call.inputs.values.push_back(read_group(value, entry.where).values.front());
  }
  if (call.separate) call.inputs.grouping = Grouping::List;
}

LayerCall FunctionalNodes::read_keras3_call(const Json& json, const Entry& entry) const {
  const CallSignature& signature = *entry.signature;
  if (!json["args"].is_array()) bad_node(entry.where, brief_json(json["args"]), "a list of args");
  Json positional = json["args"];
  Json arguments = json.value("kwargs", Json::object());
  if (!arguments.is_object()) bad_node(entry.where, brief_json(arguments), "an object of arguments");
  if (positional.empty() && arguments.contains("inputs")) {
    positional.push_back(arguments["inputs"]);
    arguments.erase("inputs");
  }
  while (positional.size() > 1 && positional.back().is_null()) positional.erase(positional.size() - 1);
  const bool by_name = arguments.contains(std::string(signature.names.front()));
  if (positional.size() > signature.names.size() || (positional.empty() && !by_name))
    throw Error(ErrorKind::Model,
                {"KAIROS-M004", entry.where, "its call has another number of positional arguments",
                 std::to_string(positional.size()), "one: a tensor, or a list of tensors",
                 "Call the layer with its inputs alone"});
  for (std::size_t i = 0; i < positional.size(); ++i)
    arguments[std::string(signature.names[i])] = positional[i];
  LayerCall call;
  take_inputs(arguments, entry, call);
  read_arguments(arguments, entry, call);
  return call;
}

LayerCall FunctionalNodes::read_keras2_call(const Json& json, const Entry& entry) const {
  LayerCall call;
  call.inputs = read_group(json, entry.where);
  // Keras 2 writes a single value as a list of one.
  if (call.inputs.grouping == Grouping::List && call.inputs.values.size() == 1)
    call.inputs.grouping = Grouping::Single;
  Json arguments = Json::object();
  const auto arguments_of = [&](const Json& reference) {
    if (!is_reference(reference) || reference.size() != 4) return;
    if (!reference[3].is_object()) bad_node(entry.where, brief_json(reference[3]), "an object of arguments");
    arguments.update(reference[3]);
  };
  arguments_of(json);
  if (!is_reference(json) && json.is_array())
    for (const Json& reference : json) arguments_of(reference);
  if (entry.signature->inputs > 1) {
    arguments[std::string(entry.signature->names.front())] =
        is_reference(json) || !json.is_array() ? json : json.front();
    call.inputs = {};
    take_inputs(arguments, entry, call);
  }
  // It also writes initial states into the list of inputs.
  if (entry.signature->takes_tensor("initial_state") && call.inputs.grouping == Grouping::List) {
    call.tensors.push_back({"initial_state", true, std::vector<bool>(call.inputs.values.size() - 1, true)});
    call.inputs.grouping = Grouping::Single;
  }
  read_arguments(arguments, entry, call);
  return call;
}

LayerCall FunctionalNodes::read_call(const Json& json, const Entry& entry) const {
  if (entry.is_operation) return read_operation_call(json, entry);
  return json.is_object() && json.contains("args") ? read_keras3_call(json, entry)
                                                   : read_keras2_call(json, entry);
}

void FunctionalNodes::check_calls(const Architecture& model, const ValueGroup& group,
                                  const std::string& where) const {
  for (const ValueSource& source : group.values) {
    const ArchitectureLayer& layer = model.layers[source.layer];
    const std::size_t calls = layer.is_input() ? 1 : layer.calls.size();
    if (source.call >= calls)
      throw Error(
          ErrorKind::Model,
          {"KAIROS-M060", where, "it refers to a call of layer \"" + layer.name + "\" that does not exist",
           "call " + std::to_string(source.call),
           std::to_string(calls) + (calls == 1 ? " call" : " calls") + ", counted from 0",
           "Write the model again with model.to_json()"});
  }
}

void FunctionalNodes::read_inputs(Architecture& model, const Json& json, const std::string& origin) const {
  model.inputs = read_group(json, origin + " input_layers");
  std::set<std::size_t> seen;
  for (const ValueSource& source : model.inputs.values) {
    const ArchitectureLayer& layer = model.layers[source.layer];
    if (!layer.is_input() || !seen.insert(source.layer).second)
      bad_node(origin + " input_layers", "\"" + layer.name + "\"", "each InputLayer once");
  }
  for (std::size_t i = 0; i < model.layers.size(); ++i)
    if (model.layers[i].is_input() && !seen.contains(i))
      bad_node(origin + " input_layers", "no reference to \"" + model.layers[i].name + "\"",
               "each InputLayer once");
}

void FunctionalNodes::connect(Architecture& model, const Json& inputs, const Json& outputs,
                              const std::string& origin) const {
  bool keras3 = false;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    for (const Json& call : *entries_[i].calls) {
      keras3 = keras3 || (call.is_object() && call.contains("args"));
      if (!model.layers[i].is_input()) model.layers[i].calls.push_back(read_call(call, entries_[i]));
    }
  read_inputs(model, inputs, origin);
  model.outputs = read_group(outputs, origin + " output_layers");

  ForEachSource sources;
  for (ArchitectureLayer& layer : model.layers)
    for (LayerCall& call : layer.calls) collect(call.inputs, sources);
  if (keras3) {
    for (ValueSource& source : model.outputs.values)
      if (is_nested_functional(model.layers[source.layer]) && source.call > 0) --source.call;
  } else {
    collect(model.outputs, sources);
    count_calls_from_zero(model, sources);
  }
  for (std::size_t i = 0; i < entries_.size(); ++i)
    for (const LayerCall& call : model.layers[i].calls) check_calls(model, call.inputs, entries_[i].where);
  check_calls(model, model.outputs, origin + " output_layers");
  order_layers(model);
}

}  // namespace kairos::host
