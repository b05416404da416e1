// SPDX-License-Identifier: MIT
// Keras' "dtype": the name of a type, or a DTypePolicy object.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace kairos::host {

class ConfigReader;

/// Throws Error(Model) unless the dtype at `key` is absent or float32.
void require_float32(ConfigReader& config, std::string_view key);
/// The policy of float32 as Keras 3 writes it.
[[nodiscard]] nlohmann::json float32_policy_json();

}  // namespace kairos::host
