// SPDX-License-Identifier: MIT
// All kinds of layers, by Keras class name and by shorthand name.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "nn/call_text.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

struct LayerType {
  std::string_view class_name;  ///< "Dense"
  std::string_view word;        ///< "dense"
  /// The names of positional arguments: "units", "activation".
  std::vector<std::string_view> positional;
  std::unique_ptr<Layer> (*make)(ConfigReader& config);
};

/// Null if unknown.
[[nodiscard]] const LayerType* find_layer_type(std::string_view class_name);
[[nodiscard]] const LayerType* find_layer_word(std::string_view word);
[[nodiscard]] std::vector<std::string> layer_class_names();
/// Those of a shorthand, which is a chain of layers.
[[nodiscard]] std::vector<std::string> layer_words();

}  // namespace kairos::host
