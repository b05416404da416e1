// SPDX-License-Identifier: MIT
// Reads and writes Keras' dtype policies.
#include "nn/keras/dtype_policy.hpp"

#include <nlohmann/json.hpp>

#include "nn/keras/config_reader.hpp"
#include "nn/keras/object.hpp"

namespace kairos::host {

namespace {

/// The name of a dtype, which may be a DTypePolicy.
nlohmann::json policy_name(const nlohmann::json& dtype) {
  if (!dtype.is_object()) return dtype;
  const auto inner = dtype.find("config");
  return inner != dtype.end() && inner->is_object() ? inner->value("name", nlohmann::json())
                                                    : nlohmann::json();
}

void check_policy_keys(const ConfigReader& config, const nlohmann::json& dtype) {
  if (!dtype.is_object() || !config.is_from_file()) return;
  check_entry_keys(dtype, "DTypePolicy", config.where() + " dtype", config.unknown_keys());
  ConfigReader policy(dtype.at("config"), config.where() + " dtype",
                      config.inside("dtype policy", "DTypePolicy"));
  policy.skip("name");
  policy.finish();
}

}  // namespace

void require_float32(ConfigReader& config, std::string_view key) {
  const nlohmann::json* dtype = config.take(key);
  if (dtype == nullptr) return;
  const nlohmann::json name = policy_name(*dtype);
  if (name == "float32") return check_policy_keys(config, *dtype);
  config.bad_value(key, "float32",
                   name == "mixed_bfloat16"
                       ? "Save the model with the policy float32, and train it with precision bf16"
                       : "");
}

nlohmann::json float32_policy_json() {
  return keras_object("keras", "DTypePolicy", {{"name", "float32"}});
}

}  // namespace kairos::host
