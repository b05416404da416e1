// SPDX-License-Identifier: MIT
// Layers that exist only inside of keras.applications.
#pragma once

#include <string_view>
#include <vector>

#include "nn/layer_registry.hpp"

namespace kairos::host {

[[nodiscard]] std::vector<LayerType> application_layer_types();
/// Keras' module of such a layer, also of LayerScale; "" for others.
[[nodiscard]] std::string_view application_module(std::string_view class_name);

}  // namespace kairos::host
