// SPDX-License-Identifier: MIT
// The layers of a model and their connections, read from its Keras JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins {

/// Output number `output` (from 0) of a node.
struct Source {
  std::size_t node = 0;
  std::int64_t output = 0;
  friend bool operator==(const Source&, const Source&) = default;
};

/// One use of a layer. A shared layer has several nodes with the same path.
struct Node {
  std::string path;  ///< names of the enclosing models and of the layer: "model/encoder/dense"
  std::string class_name;
  std::string dtype;  ///< "float32"; "" if unknown
  std::vector<Source> inputs;
  /// Of output 0, with the batch axis; -1: unknown size. Empty if unknown: the JSON of a layer tells what it
  /// receives, so the output of a last layer is only known for Dense and for layers that keep the shape.
  std::vector<std::int64_t> output_shape;
  std::size_t model = 0;  ///< the model around it, a number of Architecture::models
};

/// The model itself, or one inside it.
struct InnerModel {
  std::string path, class_name;
  std::size_t around = 0;       ///< the model around it; of the whole model, itself
  std::vector<Source> outputs;  ///< those of its layers that leave it
};

struct Architecture {
  std::vector<Node> nodes;
  std::vector<InnerModel> models;  ///< the first is the whole model
};

/// Reads Sequential and Functional models of Keras 1, 2 and 3, including nested ones. A nested model that is
/// used several times appears once, with the inputs of all uses. Throws kairos::Error for other JSON.
[[nodiscard]] Architecture read_architecture(std::string_view json);

/// A weight of the model.
struct Weight {
  std::string name;  ///< "dense/kernel"
  std::vector<std::int64_t> shape;
  bool trainable = false;
};

/// The layer that owns a weight, and the weight's name in it ("kernel").
struct Owner {
  std::size_t node = 0;  ///< the layer's first node; the number of nodes if there is none
  std::string name;      ///< the complete name if there is no layer
};

/// One owner per weight. The name of a weight begins with its layer's name, possibly preceded by enclosing
/// models.
[[nodiscard]] std::vector<Owner> owners_of(const Architecture& architecture, std::span<const Weight> weights);

}  // namespace kairos::plugins
