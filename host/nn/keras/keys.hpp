// SPDX-License-Identifier: MIT
// Keys of Keras' configurations that no reader reads: those known up to Keras 3.15, and unknown ones.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

/// A key that no reader reads.
struct KeyRule {
  std::string_view object;  ///< a Keras class, or a kind: "layer", "initializer", "loss" (metrics too), …
  std::string_view key;
  std::string_view neutral;  ///< JSON list of values without effect besides null; any_value for all
  /// The key only has an effect if this key of the same object is on (not absent, null, false or 0); "" for
  /// always.
  std::string_view depends_on;
  std::string_view cure;  ///< advice for any other value
};

constexpr std::string_view any_value = "*";

/// The rule for a class or its kind; null if there is none.
[[nodiscard]] const KeyRule* find_key_rule(std::string_view kind, std::string_view class_name,
                                           std::string_view key);
/// All keys with a rule, for suggestions.
[[nodiscard]] std::vector<std::string> keys_with_rules(std::string_view kind, std::string_view class_name);
/// Whether `value`, which is not null, has no effect. `object` contains the key.
[[nodiscard]] bool is_neutral(const KeyRule& rule, const nlohmann::json& object, const nlohmann::json& value);

/// Collects the unknown keys of one file, which a newer Keras wrote. Keys with neutral values are noted,
/// others are rejected.
class UnknownKeys {
 public:
  /// `strict` rejects all values but null.
  explicit UnknownKeys(bool strict = false) : strict_(strict) {}

  /// `cure` is a suggestion, or "". Throws Error(Model) for a value that may change the model's results.
  void add(const std::string& where, const std::string& class_name, const std::string& key,
           const nlohmann::json& value, const std::string& cure);

  /// One line for all null keys, and one for each other combination of class, key and value.
  [[nodiscard]] std::vector<std::string> warnings(const std::string& origin) const;

 private:
  struct Finding {
    std::string where, key, value, cure;
    std::size_t count = 0;
  };

  bool strict_;
  std::map<std::string, Finding> nulls_;    ///< by class and key
  std::map<std::string, Finding> neutral_;  ///< by class, key and value
};

/// The kind and origin of a configuration, which decide how unread keys are handled.
struct KeySource {
  std::string_view kind;  ///< "layer", "initializer", …; "" if no rules apply
  std::string class_name;
  UnknownKeys* unknown =
      nullptr;  ///< null for configurations that the user typed: a key without a rule is an error
};

}  // namespace kairos::host
