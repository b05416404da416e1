// SPDX-License-Identifier: MIT
// A GraphDef through protobuf.
#include "graph.hpp"

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "graph.pb.h"
#include "unique_names.hpp"

namespace kairos::plugins::tensorboard {

namespace {

/// TensorFlow's number of a type; 0 if it has no such type.
int type_number(std::string_view dtype) {
  static constexpr std::pair<std::string_view, int> known[] = {
      {"float32", 1}, {"float64", 2},   {"int32", 3},           {"uint8", 4},
      {"int16", 5},   {"int8", 6},      {"string", 7},          {"int64", 9},
      {"bool", 10},   {"bfloat16", 14}, {"mixed_bfloat16", 14}, {"float16", 19}};
  for (const auto& [name, number] : known)
    if (name == dtype) return number;
  return 0;
}

void fill(wire::Shape& out, std::span<const std::int64_t> shape) {
  for (const std::int64_t size : shape) out.add_dim()->set_size(size);
}

wire::AttributeValue& attribute(wire::NodeDef& node, const char* key) {
  wire::Attribute& added = *node.add_attr();
  added.set_key(key);
  return *added.mutable_value();
}

wire::NodeDef node_def(const Node& node, const std::string& name) {
  wire::NodeDef out;
  out.set_name(name);
  out.set_op(node.class_name);
  attribute(out, "keras_class").set_s(node.class_name);
  if (const int type = type_number(node.dtype); type != 0) attribute(out, "dtype").set_type(type);
  if (!node.output_shape.empty())
    fill(*attribute(out, "_output_shapes").mutable_list()->add_shape(), node.output_shape);
  return out;
}

wire::NodeDef weight_def(const Weight& weight, const std::string& name) {
  wire::NodeDef out;
  out.set_name(name);
  out.set_op("VariableV2");
  attribute(out, "dtype").set_type(type_number("float32"));
  fill(*attribute(out, "shape").mutable_shape(), weight.shape);
  attribute(out, "trainable").set_b(weight.trainable);
  fill(*attribute(out, "_output_shapes").mutable_list()->add_shape(), weight.shape);
  return out;
}

}  // namespace

std::string graph_def(const Architecture& architecture, std::span<const Weight> weights) {
  const std::vector<Node>& nodes = architecture.nodes;
  UniqueNames names;
  std::vector<std::string> node_names;
  for (const Node& node : nodes) node_names.push_back(names.claim(node.path + "/" + node.class_name));

  std::vector<wire::NodeDef> layers;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    layers.push_back(node_def(nodes[i], node_names[i]));
    for (const Source& source : nodes[i].inputs)
      layers[i].add_input(node_names[source.node] +
                          (source.output == 0 ? "" : ":" + std::to_string(source.output)));
  }
  wire::GraphDef graph;
  const std::vector<Owner> owners = owners_of(architecture, weights);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const bool owned = owners[i].node < nodes.size();
    const std::string name =
        names.claim(owned ? nodes[owners[i].node].path + "/" + owners[i].name : owners[i].name);
    *graph.add_node() = weight_def(weights[i], name);
    if (owned) layers[owners[i].node].add_input(name);
  }
  for (wire::NodeDef& layer : layers) *graph.add_node() = std::move(layer);
  return graph.SerializeAsString();
}

}  // namespace kairos::plugins::tensorboard
