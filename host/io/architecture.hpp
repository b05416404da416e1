// SPDX-License-Identifier: MIT
// The little that files must know of an architecture in Keras' JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/model_file.hpp"

namespace kairos::host {

struct ArchitectureFacts {
  std::string name;           ///< of the model; "" if the JSON has none
  std::string model_config;   ///< {"class_name", "config"}, without what only to_json() adds
  std::string keras_version;  ///< whose format this is
  std::string backend;        ///< whose kernel layout the weights have
  bool sequential = false;
};

/// What data must know of a model before it is made.
struct PortFacts {
  std::vector<std::string> inputs,
      outputs;  ///< names, of a Functional model; empty if they are not all different
  std::vector<std::int64_t> input_shape;  ///< of one sample of the first input; empty if it is not fixed
  std::vector<InputColumns> input_columns = {};  ///< what it was trained on; not in the architecture
};

/// Throws Error(File) if `json` is not JSON.
[[nodiscard]] PortFacts port_facts(const std::string& json, const std::string& origin);

/// Throws Error(File) if `json` is not JSON; an empty text gives the defaults.
[[nodiscard]] ArchitectureFacts architecture_facts(const std::string& json, const std::string& origin);

/// The layers that Keras has a group for: a Sequential model does not count its InputLayer.
[[nodiscard]] std::vector<const LayerWeights*> layers_with_groups(const std::vector<LayerWeights>& layers,
                                                                  const ArchitectureFacts& facts);

}  // namespace kairos::host
