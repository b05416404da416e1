// SPDX-License-Identifier: MIT
// Reads, applies and writes the options of a weight.
#include "nn/weight_options.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace kairos::host {

WeightOptions::WeightOptions(ConfigReader& config, std::string prefix, std::string_view default_initializer)
    : prefix_(std::move(prefix)),
      initializer_(read_initializer(config, prefix_ + "_initializer", default_initializer)),
      regularizer_(read_regularizer(config, prefix_ + "_regularizer")),
      constraint_(read_constraint(config, prefix_ + "_constraint")) {}

void WeightOptions::apply(Parameter& parameter, std::uint64_t key) const {
  parameter.regularizer = regularizer_;
  parameter.constraint = constraint_;
  initializer_.fill(parameter.shape, key, parameter.values.data());
}

void WeightOptions::write(nlohmann::json& config) const {
  config[prefix_ + "_initializer"] = initializer_.json();
  config[prefix_ + "_regularizer"] = regularizer_json(regularizer_);
  config[prefix_ + "_constraint"] = constraint_json(constraint_);
}

}  // namespace kairos::host
