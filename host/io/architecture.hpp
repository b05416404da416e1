// SPDX-License-Identifier: MIT
// The facts about an architecture in Keras' JSON that files need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/model_file.hpp"

namespace kairos::host {

struct ArchitectureFacts {
  std::string name;           ///< of the model; "" if the JSON has none
  std::string model_config;   ///< {"class_name", "config"}, without the keys that only to_json() adds
  std::string keras_version;  ///< the version of Keras whose format this is
  std::string backend;        ///< the backend whose kernel layout the weights have
  bool sequential = false;
};

/// Facts about a model that reading the data needs before the model is built.
struct PortFacts {
  std::vector<std::string> inputs,
      outputs;                            ///< names, of a Functional model; empty if they are not unique
  std::vector<std::int64_t> input_shape;  ///< of one sample of the first input; empty if it is not fixed
  std::vector<InputColumns> input_columns = {};  ///< of its training data; not in the architecture
};

/// Throws Error(File) if `json` is not JSON.
[[nodiscard]] PortFacts port_facts(const std::string& json, const std::string& origin);

/// Throws Error(File) if `json` is not JSON; an empty text gives the defaults.
[[nodiscard]] ArchitectureFacts architecture_facts(const std::string& json, const std::string& origin);

/// The layers that have a group in Keras' files: a Sequential model does not count its InputLayer.
[[nodiscard]] std::vector<const LayerWeights*> layers_with_groups(const std::vector<LayerWeights>& layers,
                                                                  const ArchitectureFacts& facts);

}  // namespace kairos::host
