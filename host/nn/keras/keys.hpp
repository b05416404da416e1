// SPDX-License-Identifier: MIT
// What Keras writes and nothing here asks for: the keys known up to Keras 3.15, and what becomes of others.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

/// A key that no reader asks for.
struct KeyRule {
  std::string_view object;  ///< Keras' class, or a kind: "layer", "initializer", "optimizer", …
  std::string_view key;
  std::string_view neutral;  ///< JSON list of the values besides null that change nothing; any_value for all
  /// The key matters only where this one of the same object is on (not absent, null, false or 0); "" always.
  std::string_view beside;
  std::string_view cure;  ///< what to do about another value
};

constexpr std::string_view any_value = "*";

/// The rule of a class, else of its kind; null if there is none.
[[nodiscard]] const KeyRule* find_key_rule(std::string_view kind, std::string_view class_name,
                                           std::string_view key);
/// For suggestions.
[[nodiscard]] std::vector<std::string> ruled_keys(std::string_view kind, std::string_view class_name);
/// Whether `value`, which is not null, changes nothing. `object` is what holds the key.
[[nodiscard]] bool is_neutral(const KeyRule& rule, const nlohmann::json& object, const nlohmann::json& value);

/// Keys of one file that are in no table, because a newer Keras wrote them. Those with values that switch
/// nothing on are noted, the others refused.
class UnknownKeys {
 public:
  /// `strict` refuses all but null.
  explicit UnknownKeys(bool strict = false) : strict_(strict) {}

  /// `cure` is a suggestion, or "". Throws Error(Model) for a value that may change what the model does.
  void add(const std::string& where, const std::string& class_name, const std::string& key,
           const nlohmann::json& value, const std::string& cure);

  /// One line for all that is null, and one for each other key and value of a class.
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

/// Whose keys a configuration has: decides which rules apply, and what becomes of keys without one.
struct KeySource {
  std::string_view kind;  ///< "layer", "initializer", …; "" for none, then there are no rules
  std::string class_name;
  UnknownKeys* unknown = nullptr;  ///< null: a key without a rule is an error, as in what a person typed
};

}  // namespace kairos::host
