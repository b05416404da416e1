// SPDX-License-Identifier: MIT
// Layers around other layers: how the inner one is read and written.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

/// The layer under that key, as Keras writes it: {"class_name", "config"}. Null if the key is absent. Throws
/// Error(Model).
[[nodiscard]] std::unique_ptr<Layer> read_inner_layer(ConfigReader& config, std::string_view key);

/// As Keras 3 writes it.
[[nodiscard]] nlohmann::json inner_layer_json(const Layer& layer);

/// The groups of `layer` below `folder`: what it owns itself, then what it has inside.
[[nodiscard]] std::vector<WeightGroup> groups_below(const std::string& folder, Layer& layer);

}  // namespace kairos::host
