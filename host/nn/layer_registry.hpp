// SPDX-License-Identifier: MIT
// The kinds of layers there are, by Keras' class name and by the word of the shorthand.
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
  /// What arguments given by position mean: "units", "activation".
  std::vector<std::string_view> positional;
  std::unique_ptr<Layer> (*make)(ConfigReader& config);
};

/// Null if there is none.
[[nodiscard]] const LayerType* find_layer_type(std::string_view class_name);
[[nodiscard]] const LayerType* find_layer_word(std::string_view word);
[[nodiscard]] std::vector<std::string> layer_class_names();
[[nodiscard]] std::vector<std::string> layer_words();

}  // namespace kairos::host
