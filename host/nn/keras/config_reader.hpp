// SPDX-License-Identifier: MIT
// Reads a configuration object so that nothing in it is overlooked: a key that nobody asked for is an error.
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

/// What fits 64 bits, also after the rounding to double that a comparison takes.
constexpr NumberRange any_integer{-9.2e18, 9.2e18};

/// Borrows the object. null counts as absent. Every error is Error(Model) and names `where` and the key.
class ConfigReader {
 public:
  /// `where` is a noun for messages: `layer "dense_1" (Dense)`.
  ConfigReader(const nlohmann::json& object, std::string where, KeySource source = {});

  [[nodiscard]] const std::string& where() const noexcept { return where_; }

  /// For an object inside this one, which comes from the same file or was typed by the same person.
  [[nodiscard]] KeySource inside(std::string_view kind, std::string class_name) const {
    return {kind, std::move(class_name), source_.unknown};
  }
  [[nodiscard]] UnknownKeys* unknown_keys() const noexcept { return source_.unknown; }
  /// Whether the configuration comes from a file of Keras, which writes every argument.
  [[nodiscard]] bool is_from_file() const noexcept { return source_.unknown != nullptr; }

  /// The value, or null if absent. Marks the key as known.
  const nlohmann::json* take(std::string_view key);

  /// The key is there and holds null, for the few where that is a wish of its own.
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

  /// A key that exists in Keras and is not supported here: only null, or `harmless`, is let through.
  void unsupported(std::string_view key, const nlohmann::json& harmless, std::string_view cure);
  /// A key without a meaning for us.
  void skip(std::string_view key) { (void)take(key); }

  /// Throws if there is a key that nothing has asked for, unless a rule of keras_keys.cpp lets it through.
  void finish() const;

  /// "found X, expected Y" for a value that is not to be had; `cure` where to give one as expected is not
  /// the thing to do. One that is missing is said to be so.
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
};

/// A value as short text for messages.
[[nodiscard]] std::string brief_json(const nlohmann::json& value);

/// `kind` within its bounds for messages: "a number from 0 to 1".
[[nodiscard]] std::string range_text(std::string_view kind, NumberRange range);

}  // namespace kairos::host
