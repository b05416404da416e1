// SPDX-License-Identifier: MIT
// What the graph and the projector need of Keras' JSON of a model: layers, and what flows between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins::tensorboard {

/// What a layer gives at `output` (from 0; layers with several outputs are rare).
struct Source {
  std::size_t node = 0;
  std::int64_t output = 0;
  friend bool operator==(const Source&, const Source&) = default;
};

/// One use of a layer. A layer that is shared has several, all with one path.
struct Node {
  std::string path;  ///< the names of the models around it and its own: "model/encoder/dense"
  std::string class_name;
  std::string dtype;  ///< "float32"; "" where the JSON does not say
  std::vector<Source> inputs;
  std::vector<std::int64_t> output_shape;  ///< with the batch; -1 is not known. Empty where nothing is known
};

struct Architecture {
  std::vector<Node> nodes;
};

/// Reads Sequential and Functional models of Keras 1, 2 and 3, nested ones too. A nested model that is used
/// several times stands there once, with everything that enters it. Throws kairos::Error for what is no such
/// JSON.
[[nodiscard]] Architecture read_architecture(std::string_view json);

/// A weight of the model.
struct Weight {
  std::string name;  ///< "dense/kernel"
  std::vector<std::int64_t> shape;
  bool trainable = false;
};

/// To which layer a weight belongs, and its name there ("kernel").
struct Owner {
  std::size_t node = 0;  ///< the first use of the layer; the number of nodes where none fits
  std::string name;      ///< the whole name where no layer fits
};

/// One for each weight. A weight's name begins with its layer's, with some of the models around it or none.
[[nodiscard]] std::vector<Owner> owners_of(const Architecture& architecture, std::span<const Weight> weights);

}  // namespace kairos::plugins::tensorboard
