// SPDX-License-Identifier: MIT
// Reads a configuration object completely: a key that was not read is an error.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/keras/keys.hpp"

namespace kairos::host {

/// Inclusive bounds of a number.
struct NumberRange {
  double least;
  double most;
};

/// Fits into 64 bits even after rounding to double.
constexpr NumberRange any_integer{-9.2e18, 9.2e18};

/// Borrows the object. null counts as absent. All errors are Error(Model) and name `where` and the key.
class ConfigReader {
 public:
  /// `where` describes the object in messages: `layer "dense_1" (Dense)`.
  ConfigReader(const nlohmann::json& object, std::string where, KeySource source = {});

  [[nodiscard]] const std::string& where() const noexcept { return where_; }

  /// The source of an object nested in this one.
  [[nodiscard]] KeySource inside(std::string_view kind, std::string class_name) const {
    return {kind, std::move(class_name), source_.unknown};
  }
  [[nodiscard]] UnknownKeys* unknown_keys() const noexcept { return source_.unknown; }
  /// Whether the configuration comes from a Keras file. Keras writes every argument.
  [[nodiscard]] bool is_from_file() const noexcept { return source_.unknown != nullptr; }

  /// The value, or null if absent. Marks the key as known.
  const nlohmann::json* take(std::string_view key);

  /// Whether the key is present with the value null, for the few keys where null differs from absent.
  [[nodiscard]] bool is_null(std::string_view key) const;

  bool boolean(std::string_view key, bool fallback);
  /// Finite and in range.
  double number(std::string_view key, double fallback, NumberRange range);
  std::optional<double> optional_number(std::string_view key, NumberRange range);
  double required_number(std::string_view key, NumberRange range);
  /// The range is within any_integer.
  std::optional<std::int64_t> optional_integer(std::string_view key, NumberRange range);
  std::int64_t required_integer(std::string_view key, NumberRange range);
  std::string text(std::string_view key, std::string_view fallback);

  /// Rejects a key that Keras supports but Kairos does not, unless its value is null or `harmless`.
  void unsupported(std::string_view key, const nlohmann::json& harmless, std::string_view cure);
  /// A key that was read by `unsupported`, and its harmless value.
  struct Refused {
    std::string key, harmless;
  };
  [[nodiscard]] const std::vector<Refused>& refused() const noexcept { return refused_; }
  /// All keys that were read.
  [[nodiscard]] const std::vector<std::string>& known() const noexcept { return known_; }
  /// Marks a key as known and ignores it.
  void skip(std::string_view key) { (void)take(key); }

  /// Throws for a key that was not read, unless a rule in keys.cpp accepts it.
  void finish() const;

  /// Throws "found X, expected Y" for an invalid or missing value. `cure` replaces the default advice to give
  /// an expected value.
  [[noreturn]] void bad_value(std::string_view key, const std::string& expected,
                              const std::string& cure = "") const;

 private:
  [[noreturn]] void refuse_unsupported(std::string_view key, const nlohmann::json& value,
                                       const nlohmann::json& harmless, std::string_view cure) const;
  void check_unknown(const std::string& key, const nlohmann::json& value) const;

  const nlohmann::json& object_;
  std::string where_;
  KeySource source_;
  std::vector<std::string> known_;
  std::vector<Refused> refused_;
};

/// A value as short text for messages.
[[nodiscard]] std::string brief_json(const nlohmann::json& value);

/// `kind` with its bounds, for messages: "a number from 0 to 1".
[[nodiscard]] std::string range_text(std::string_view kind, NumberRange range);

}  // namespace kairos::host
