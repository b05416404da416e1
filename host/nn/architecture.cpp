// SPDX-License-Identifier: MIT
// Reads architectures from any source, and derives names and layer order from them.
#include "nn/architecture.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/input_file.hpp"
#include "kairos/host/error.hpp"
#include "nn/compile.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t largest_file = std::uint64_t{64} << 20;

bool is_json(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && text[first] == '{';
}

std::vector<std::string> names_of(const Architecture& architecture, const ValueGroup& group) {
  if (group.grouping == Grouping::Named) return group.names;
  std::vector<std::string> names;
  std::set<std::string> used;
  std::map<std::string, int> next;  // avoids quadratic time: a layer may be an output a million times
  for (const ValueSource& source : group.values) {
    // Keras gives two outputs of one layer the same name; here the name of a port must be unique.
    const std::string& base = architecture.layers[source.layer].name;
    std::string name = base;
    for (int& count = next[base]; !used.insert(name).second;) name = base + "_" + std::to_string(++count);
    names.push_back(std::move(name));
  }
  return names;
}

void visit(const Architecture& model, const std::string& full_name, const LayerVisitor& visitor) {
  const std::string path = model.kind == Architecture::Kind::Sequential ? model.name + "/" : "";
  for (const ArchitectureLayer& layer : model.layers) {
    if (layer.model)
      visit(*layer.model, full_name + layer.name + "/", visitor);
    else if (!layer.is_input())
      visitor(*layer.instances.front(), full_name + layer.name, path + layer.name);
  }
}

}  // namespace

std::size_t TensorArgument::count() const {
  return static_cast<std::size_t>(std::count(given.begin(), given.end(), true));
}

std::size_t LayerCall::input_count() const {
  std::size_t count = inputs.values.size();
  for (const TensorArgument& one : tensors) count -= one.count();
  return count;
}

void Architecture::begin_chain(std::string input_name, std::optional<Shape> shape) {
  ArchitectureLayer& input = layers.emplace_back();
  input.name = std::move(input_name);
  input.class_name = "InputLayer";
  input.input_shape = std::move(shape);
  inputs.values = outputs.values = {{0, 0, 0}};
}

void Architecture::extend_chain(ArchitectureLayer layer) {
  layer.calls.emplace_back().inputs = outputs;
  outputs.values = {{layers.size(), 0, 0}};
  steps.push_back({layers.size(), 0});
  layers.push_back(std::move(layer));
}

void Architecture::extend_chain(std::unique_ptr<Layer> layer) {
  ArchitectureLayer entry;
  entry.name = layer->name();
  entry.class_name = layer->class_name();
  entry.layer = std::move(layer);
  extend_chain(std::move(entry));
}

std::vector<std::string> Architecture::input_names() const {
  return names_of(*this, inputs);
}

std::vector<std::string> Architecture::output_names() const {
  return names_of(*this, outputs);
}

Architecture read_architecture(const ModelSource& source, UnknownKeys& unknown) {
  if (!source.file.empty())
    return read_keras_json(read_file(source.file, largest_file), source.file.string(), unknown);
  return is_json(source.text) ? read_keras_json(source.text, "model", unknown) : read_shorthand(source.text);
}

Architecture read_architecture(const ModelSource& source) {
  UnknownKeys unknown(source.strict);
  Architecture architecture = read_architecture(source, unknown);
  warn_unknown_keys(unknown, source);
  return architecture;
}

void warn_unknown_keys(const UnknownKeys& unknown, const ModelSource& source) {
  if (!source.messages) return;
  const std::string name = !source.name.empty()   ? source.name
                           : !source.file.empty() ? source.file.string()
                                                  : "model";
  for (const std::string& line : unknown.warnings(name)) source.messages(Level::Warning, "", line);
}

void visit_layers(const Architecture& built, const LayerVisitor& visitor) {
  visit(built, "", visitor);
}

}  // namespace kairos::host
