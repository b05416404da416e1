// SPDX-License-Identifier: MIT
// Reads Keras' JSON with nlohmann-json.
#include "keras_layers.hpp"

#include <algorithm>
#include <iterator>
#include <kairos/error.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace kairos::plugins {

namespace {

using Json = nlohmann::json;

/// Limit of the nesting. The JSON of three nested Keras models is less than half as deep.
constexpr int deepest = 500;

/// A reference to a layer's output.
struct Reference {
  std::string layer;
  std::size_t use = 0;
  std::int64_t output = 0;
  const Json* shape = nullptr;  ///< only in Keras 3
};

bool is_reference(const Json& list) {
  return list.is_array() && list.size() >= 3 && list[0].is_string() && list[1].is_number_unsigned() &&
         list[2].is_number_unsigned();
}

/// Collects all references in order: Keras 3 has them in arguments, Keras 2 in nested lists.
void collect(const Json& value, std::vector<Reference>& out, const Json* shape = nullptr) {
  if (is_reference(value)) {
    out.push_back(
        {value[0].get<std::string>(), value[1].get<std::size_t>(), value[2].get<std::int64_t>(), shape});
    if (value.size() > 3) collect(value[3], out);
  } else if (value.is_object() && value.contains("keras_history")) {
    collect(value["keras_history"], out, value.contains("shape") ? &value["shape"] : nullptr);
  } else if (value.is_structured()) {
    for (const Json& part : value) collect(part, out);
  }
}

/// [null, 5] as numbers; empty if it is not a shape, as for a layer with several inputs.
std::vector<std::int64_t> shape_of(const Json* value) {
  std::vector<std::int64_t> shape;
  if (value == nullptr || !value->is_array()) return shape;
  for (const Json& size : *value) {
    if (!size.is_null() && !size.is_number_integer()) return {};
    shape.push_back(size.is_null() ? -1 : size.get<std::int64_t>());
  }
  return shape;
}

const Json* member(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return !object.is_object() || found == object.end() ? nullptr : &*found;
}

std::string text_of(const Json* value) {
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

const Json& config_of(const Json& layer) {
  const Json* config = member(layer, "config");
  if (config == nullptr)
    throw Error(KAIROS_E_DATA, "the model's JSON has a layer without config; expected JSON written by Keras");
  return *config;
}

/// The layers of a model; null for a layer. Before Keras 2.2.3 they are the config of a Sequential.
const Json* layers_of(const Json& layer) {
  const Json& config = config_of(layer);
  if (config.is_array()) return &config;
  const Json* layers = member(config, "layers");
  return layers != nullptr && layers->is_array() ? layers : nullptr;
}

std::string name_of(const Json& layer) {
  std::string name = text_of(member(layer, "name"));
  if (name.empty()) name = text_of(member(config_of(layer), "name"));
  return name.empty() ? text_of(member(layer, "class_name")) : name;
}

/// "float32", or Keras 3's {"class_name": "DTypePolicy", "config": {"name": "float32"}}.
std::string dtype_of(const Json& config) {
  const Json* dtype = member(config, "dtype");
  if (dtype == nullptr || dtype->is_string()) return text_of(dtype);
  const Json* policy = member(*dtype, "config");
  return policy == nullptr ? "" : text_of(member(*policy, "name"));
}

/// A layer or model after reading: the nodes that receive its inputs, and the sources of its outputs.
struct Part {
  std::vector<std::vector<std::size_t>> entries;  ///< nodes for each input
  std::vector<std::vector<Source>> exits;         ///< sources for each use of a layer
  bool is_model = false;
};

class Reader {
 public:
  Part read(const Json& layer, const std::string& around) {
    const Json* layers = layers_of(layer);
    const std::string path = around.empty() ? name_of(layer) : around + "/" + name_of(layer);
    if (layers == nullptr) return read_layer(layer, path);
    const std::string class_name = text_of(member(layer, "class_name"));
    const std::size_t around_it = model_, model = architecture_.models.size();
    architecture_.models.push_back({path, class_name, model == 0 ? model : around_it, {}});
    model_ = model;
    Part part =
        class_name == "Sequential" ? read_chain(*layers, path) : read_graph(config_of(layer), *layers, path);
    model_ = around_it;
    part.is_model = true;
    if (!part.exits.empty()) architecture_.models[model].outputs = part.exits.front();
    return part;
  }
  Architecture take() {
    for (std::size_t i = 0; i < nodes().size(); ++i) finish(i);
    return std::move(architecture_);
  }

 private:
  std::vector<Node>& nodes() { return architecture_.nodes; }

  Part read_layer(const Json& layer, const std::string& path) {
    const Json& config = config_of(layer);
    const Json* shape = member(config, "batch_shape");
    if (shape == nullptr) shape = member(config, "batch_input_shape");
    const Json* built = member(layer, "build_config");
    const bool is_input = text_of(member(layer, "class_name")) == "InputLayer";
    const Json* uses = member(layer, "inbound_nodes");
    const std::size_t count =
        uses == nullptr || !uses->is_array() ? 1 : std::max<std::size_t>(uses->size(), 1);
    Part part;
    for (std::size_t use = 0; use < count; ++use) {
      input_shapes_.push_back(shape_of(built == nullptr ? nullptr : member(*built, "input_shape")));
      const Json* const width = member(config, "units");
      units_.push_back(width != nullptr && width->is_number_integer() ? width->get<std::int64_t>() : -1);
      part.exits.push_back({{nodes().size(), 0}});
      nodes().push_back({path,
                         text_of(member(layer, "class_name")),
                         dtype_of(config),
                         {},
                         is_input ? shape_of(shape) : std::vector<std::int64_t>(),
                         model_});
    }
    part.entries = {{part.exits.front().front().node}};
    return part;
  }

  Part read_chain(const Json& layers, const std::string& path) {
    Part chain;
    std::vector<Source> last;
    for (const Json& layer : layers) {
      const Part part = read(layer, path);
      if (chain.entries.empty()) chain.entries = part.entries;
      for (const std::size_t node : part.entries.empty() ? std::vector<std::size_t>() : part.entries.front())
        for (const Source& source : last) connect(source, node);
      last = part.exits.empty() ? std::vector<Source>() : part.exits.front();
    }
    chain.exits = {last};
    return chain;
  }

  Part read_graph(const Json& config, const Json& layers, const std::string& path) {
    std::map<std::string, Part> parts;
    for (const Json& layer : layers) parts[name_of(layer)] = read(layer, path);
    for (const Json& layer : layers) {
      const Json* uses = member(layer, "inbound_nodes");
      if (uses == nullptr || !uses->is_array()) continue;
      for (std::size_t use = 0; use < uses->size(); ++use) {
        std::vector<Reference> references;
        collect((*uses)[use], references);
        feed(parts.at(name_of(layer)), use, references, parts);
      }
    }
    Part graph;
    graph.exits.emplace_back();
    for (const Reference& end : ends(config, "input_layers"))
      for (const std::vector<std::size_t>& entry : part_of(parts, end).entries)
        graph.entries.push_back(entry);
    for (const Reference& end : ends(config, "output_layers"))
      graph.exits.front().push_back(source_of(part_of(parts, end), end));
    return graph;
  }

  static std::vector<Reference> ends(const Json& config, const char* name) {
    std::vector<Reference> references;
    if (const Json* value = member(config, name)) collect(*value, references);
    return references;
  }

  static const Part& part_of(const std::map<std::string, Part>& parts, const Reference& reference) {
    const auto found = parts.find(reference.layer);
    if (found == parts.end() || found->second.exits.empty())
      throw Error(KAIROS_E_DATA, "the model's JSON names a layer \"" + reference.layer +
                                     "\" that does not exist; expected JSON written by Keras");
    return found->second;
  }

  /// A model has one exit per output, a layer one per use.
  static Source source_of(const Part& part, const Reference& reference) {
    const auto output = static_cast<std::size_t>(reference.output);
    const std::vector<Source>& exits = part.exits[std::min(reference.use, part.exits.size() - 1)];
    if (exits.empty())
      throw Error(KAIROS_E_DATA, "the model \"" + reference.layer + "\" in the JSON has no output");
    if (part.is_model) return exits[std::min(output, exits.size() - 1)];
    return {exits.front().node, reference.output};
  }

  void feed(const Part& part, std::size_t use, const std::vector<Reference>& references,
            const std::map<std::string, Part>& parts) {
    for (std::size_t i = 0; i < references.size(); ++i) {
      const Source source = source_of(part_of(parts, references[i]), references[i]);
      if (std::vector<std::int64_t> shape = shape_of(references[i].shape);
          !shape.empty() && source.output == 0)
        nodes()[source.node].output_shape = std::move(shape);
      if (!part.is_model)
        connect(source, part.exits[std::min(use, part.exits.size() - 1)].front().node);
      else if (!part.entries.empty())
        for (const std::size_t node : part.entries[std::min(i, part.entries.size() - 1)])
          connect(source, node);
    }
  }

  void connect(const Source& source, std::size_t node) {
    nodes()[node].inputs.push_back(source);
    std::vector<std::int64_t>& shape = nodes()[source.node].output_shape;
    if (shape.empty() && source.output == 0) shape = input_shapes_[node];
  }

  /// The output of a layer whose shape nothing has told, where it follows from what the layer receives.
  void finish(std::size_t i) {
    static constexpr std::string_view keeping[] = {
        "Activation",    "AlphaDropout",       "BatchNormalization", "Dropout", "ELU",  "GaussianDropout",
        "GaussianNoise", "LayerNormalization", "LeakyReLU",          "PReLU",   "ReLU", "Softmax"};
    Node& node = nodes()[i];
    if (!node.output_shape.empty() || input_shapes_[i].empty()) return;
    const bool keeps =
        std::find(std::begin(keeping), std::end(keeping), node.class_name) != std::end(keeping);
    if (!keeps && (node.class_name != "Dense" || units_[i] < 0)) return;
    node.output_shape = input_shapes_[i];
    if (!keeps) node.output_shape.back() = units_[i];
  }

  Architecture architecture_;
  std::size_t model_ = 0;                                ///< that is being read
  std::vector<std::vector<std::int64_t>> input_shapes_;  ///< of the nodes, if the layer declares them
  std::vector<std::int64_t> units_;                      ///< of the nodes; -1 if the layer has none
};

/// The possible prefixes of the names of a layer's weights, longest first.
std::vector<std::string> beginnings(const std::string& path) {
  std::vector<std::string> out;
  for (std::size_t at = 0;;) {
    out.push_back(path.substr(at) + "/");
    at = path.find('/', at);
    if (at == std::string::npos) return out;
    ++at;
  }
}

std::size_t length_of_match(const std::string& path, const std::string& weight) {
  for (const std::string& beginning : beginnings(path))
    if (weight.compare(0, beginning.size(), beginning) == 0) return beginning.size();
  return 0;
}

}  // namespace

Architecture read_architecture(std::string_view json) {
  try {
    const Json model = Json::parse(json, [](int depth, Json::parse_event_t, const Json&) {
      if (depth > deepest)
        throw Error(KAIROS_E_DATA, "the model's JSON is nested more than " + std::to_string(deepest) +
                                       " deep; expected JSON written by Keras");
      return true;
    });
    if (layers_of(model) == nullptr)
      throw Error(KAIROS_E_DATA, "the model's JSON has no layers; expected JSON written by Keras");
    Reader reader;
    reader.read(model, "");
    return reader.take();
  } catch (const Json::exception& error) {
    throw Error(KAIROS_E_DATA, std::string("the model's JSON cannot be read: ") + error.what());
  }
}

std::vector<Owner> owners_of(const Architecture& architecture, std::span<const Weight> weights) {
  std::vector<std::size_t> layers;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < architecture.nodes.size(); ++i)
    if (seen.insert(architecture.nodes[i].path).second) layers.push_back(i);

  std::vector<Owner> owners;
  std::set<std::pair<std::size_t, std::string>> taken;
  for (const Weight& weight : weights) {
    Owner best{architecture.nodes.size(), weight.name};
    std::size_t longest = 0;
    for (const std::size_t layer : layers) {
      const std::size_t length = length_of_match(architecture.nodes[layer].path, weight.name);
      // Two models may each have a layer of this name. The first one without such a weight owns it.
      if (length <= longest || taken.count({layer, weight.name.substr(length)}) != 0) continue;
      longest = length;
      best = {layer, weight.name.substr(length)};
    }
    taken.insert({best.node, best.name});
    owners.push_back(std::move(best));
  }
  return owners;
}

}  // namespace kairos::plugins
