// SPDX-License-Identifier: MIT
// The JSON of a manifest as a flat list of values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

/// A value, followed in memory by its children.
struct JsonValue {
  enum class Kind : std::uint8_t { Null, Boolean, Integer, Large, Float, Text, List, Object };

  /// The values in a list or an object, one after the other.
  class Children {
   public:
    class Iterator {
     public:
      explicit Iterator(const JsonValue* at) : at_(at) {}
      const JsonValue& operator*() const { return *at_; }
      Iterator& operator++() {
        at_ += at_->extent;
        return *this;
      }
      bool operator!=(const Iterator& other) const { return at_ != other.at_; }

     private:
      const JsonValue* at_;
    };
    Children(const JsonValue* first, const JsonValue* last) : first_(first), last_(last) {}
    [[nodiscard]] Iterator begin() const { return Iterator(first_); }
    [[nodiscard]] Iterator end() const { return Iterator(last_); }

   private:
    const JsonValue *first_, *last_;
  };

  [[nodiscard]] bool is(Kind wanted) const noexcept { return kind == wanted; }
  [[nodiscard]] Children children() const noexcept { return {this + 1, this + extent}; }
  /// The value of a key; null if there is none, or if this is no object.
  [[nodiscard]] const JsonValue* find(std::string_view wanted) const noexcept;
  /// "object", "array" and so on, as nlohmann's parser calls them.
  [[nodiscard]] const char* kind_name() const noexcept;

  Kind kind = Kind::Null;
  std::string_view key;      ///< in an object
  std::string_view text;     ///< Kind::Text
  std::int64_t integer = 0;  ///< Kind::Integer; 0 or 1 for Kind::Boolean
  double number = 0;         ///< Kind::Float; also what the other numbers are
  std::uint32_t count = 0;   ///< of children
  std::uint32_t extent = 1;  ///< of values, with itself and all that is in it
};

/// Reads the JSON that the SDK writes in one pass, with texts borrowed from the input. Anything unusual,
/// valid or not, goes to `parse_json`, so that the same documents are accepted everywhere with the same
/// messages.
class ManifestJson {
 public:
  /// `text` is borrowed. Throws Error(File) as `parse_json` does.
  explicit ManifestJson(std::string_view text);
  ~ManifestJson();
  ManifestJson(const ManifestJson&) = delete;
  ManifestJson& operator=(const ManifestJson&) = delete;

  [[nodiscard]] const JsonValue& root() const noexcept { return values_.front(); }
  /// Whether `parse_json` was not needed.
  [[nodiscard]] bool plain() const noexcept { return general_ == nullptr; }

 private:
  std::vector<JsonValue> values_;
  std::deque<std::string> unescaped_;
  std::unique_ptr<nlohmann::json> general_;  ///< owns the texts of an unusual one
};

}  // namespace kairos::host
