// SPDX-License-Identifier: MIT
// The inner layers of wrapper layers in configurations and weight files.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

/// Reads the layer at `key`, {"class_name", "config"}. Null if the key is absent. Throws Error(Model).
[[nodiscard]] std::unique_ptr<Layer> read_inner_layer(ConfigReader& config, std::string_view key);

/// The layer as Keras 3 writes it.
[[nodiscard]] nlohmann::json inner_layer_json(const Layer& layer);

/// The weight groups of `layer` below `folder`: its own, then those of its inner layers.
[[nodiscard]] std::vector<WeightGroup> groups_below(const std::string& folder, Layer& layer);

}  // namespace kairos::host
