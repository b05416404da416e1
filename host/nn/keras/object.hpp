// SPDX-License-Identifier: MIT
// Keras' serialized objects: {"module", "class_name", "config", "registered_name"}, or a name.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "nn/keras/keys.hpp"

namespace kairos::host {

/// Reads either form. Rejects custom classes ("my_package>Dense"). Throws Error(Model).
class KerasObject {
 public:
  /// `known` are the names for suggestions, at least one. `unknown` is null for text that the user typed.
  KerasObject(const nlohmann::json& value, std::string where, std::vector<std::string> known,
              UnknownKeys* unknown = nullptr);
  ~KerasObject();

  [[nodiscard]] const std::string& class_name() const noexcept { return class_name_; }
  /// {} if only a name was given.
  [[nodiscard]] const nlohmann::json& config() const noexcept { return *config_; }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[noreturn]] void unknown(std::string_view code, std::string_view what) const;

 private:
  std::string class_name_;
  std::unique_ptr<nlohmann::json> config_;
  std::string where_;
  std::vector<std::string> known_;
};

/// Throws unless "module" and "registered_name" of `object` are those of a Keras class.
void require_keras_class(const nlohmann::json& object, const std::string& class_name,
                         const std::string& where);

/// Checks the keys beside "config": keys that Keras 3.15 does not write there are noted or rejected.
void check_entry_keys(const nlohmann::json& object, const std::string& class_name, const std::string& where,
                      UnknownKeys* unknown);

/// The object as Keras 3 writes it.
[[nodiscard]] nlohmann::json keras_object(std::string_view module, std::string_view class_name,
                                          nlohmann::json config);

/// "GlorotUniform" → "glorot_uniform", "L1L2" → "l1l2", "he_normal" → "he_normal".
[[nodiscard]] std::string snake_case(std::string_view name);

}  // namespace kairos::host
