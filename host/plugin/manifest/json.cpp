// SPDX-License-Identifier: MIT
// A parser of plain JSON: ASCII, escapes of one character, whole numbers of up to 18 digits, no key twice.
#include "plugin/manifest/json.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace kairos::host {

namespace {

using nlohmann::json;
using Kind = JsonValue::Kind;

class PlainJson {
 public:
  PlainJson(std::string_view text, std::vector<JsonValue>& values, std::deque<std::string>& unescaped)
      : at_(text.data()), end_(text.data() + text.size()), values_(values), unescaped_(unescaped) {}

  /// False if the text needs the general parser; what was read so far is then unusable.
  bool read() {
    skip_blanks();
    if (!value({}, 0)) return false;
    skip_blanks();
    return at_ == end_;
  }

 private:
  static constexpr int most_levels = 16;
  static constexpr std::uint32_t most_keys = 32;

  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool take(std::string_view word) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool text(std::string_view& text) {
    if (!take('"')) return false;
    const char* const begin = at_;
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      if (*at_ == '\\') return escaped_text(begin, text);
      if (*at_ < ' ') return false;  // bytes of UTF-8 sequences are negative
    }
    text = {begin, static_cast<std::size_t>(at_ - begin)};
    return take('"');
  }

  /// Continues at the first escape of a text that began at `begin`.
  bool escaped_text(const char* begin, std::string_view& text) {
    constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    std::string& own = unescaped_.emplace_back(begin, at_);
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      if (*at_ < ' ') return false;
      if (*at_ != '\\') {
        own += *at_;
        continue;
      }
      if (++at_ == end_) return false;
      const std::size_t letter = letters.find(*at_);
      if (letter == std::string_view::npos) return false;
      own += meant[letter];
    }
    text = own;
    return take('"');
  }

  /// Skips digits and returns their number.
  std::ptrdiff_t skip_digits() {
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ - begin;
  }

  bool number(JsonValue& value) {
    constexpr std::ptrdiff_t most_digits = 18;
    const char* const begin = at_;
    const bool negative = take('-');
    const char first = at_ == end_ ? '\0' : *at_;
    const std::ptrdiff_t whole = skip_digits();
    if (whole == 0 || whole > most_digits || (first == '0' && whole > 1)) return false;
    value.kind = Kind::Integer;
    if (take('.')) {
      value.kind = Kind::Float;
      if (skip_digits() == 0) return false;
    }
    if (take('e') || take('E')) {
      value.kind = Kind::Float;
      if (!take('-')) take('+');
      if (skip_digits() == 0) return false;
    }
    if (std::from_chars(begin, at_, value.number).ec != std::errc{}) return false;
    if (value.is(Kind::Float)) return true;
    std::from_chars(begin, at_, value.integer);
    return !(negative && value.integer == 0);
  }

  bool value(std::string_view key, int level) {
    if (at_ == end_) return false;
    const std::size_t place = values_.size();
    JsonValue& value = values_.emplace_back();
    value.key = key;
    switch (*at_) {
      case '{':
        return children(place, Kind::Object, level);
      case '[':
        return children(place, Kind::List, level);
      case '"':
        value.kind = Kind::Text;
        return text(value.text);
      case 't':
      case 'f':
        value.kind = Kind::Boolean;
        value.integer = *at_ == 't' ? 1 : 0;
        return take(*at_ == 't' ? "true" : "false");
      case 'n':
        return take("null");
      default:
        return number(value);
    }
  }

  bool children(std::size_t place, Kind kind, int level) {
    if (level == most_levels) return false;
    const char close = kind == Kind::Object ? '}' : ']';
    ++at_;
    skip_blanks();
    std::uint32_t count = 0;
    if (!take(close)) {
      do {
        skip_blanks();
        std::string_view key;
        if (kind == Kind::Object && !new_key(place, count, key)) return false;
        if (!value(key, level + 1)) return false;
        ++count;
        skip_blanks();
      } while (take(','));
      if (!take(close)) return false;
    }
    JsonValue& parent = values_[place];
    parent.kind = kind;
    parent.count = count;
    parent.extent = static_cast<std::uint32_t>(values_.size() - place);
    return true;
  }

  /// Reads a key and its colon. False if the object at `place`, which has `count` keys, has it already.
  bool new_key(std::size_t place, std::uint32_t count, std::string_view& key) {
    if (count == most_keys || !text(key)) return false;
    for (std::size_t i = place + 1; i < values_.size(); i += values_[i].extent)
      if (values_[i].key == key) return false;
    skip_blanks();
    if (!take(':')) return false;
    skip_blanks();
    return true;
  }

  const char* at_;
  const char* end_;
  std::vector<JsonValue>& values_;
  std::deque<std::string>& unescaped_;
};

Kind kind_of(const json& value) {
  switch (value.type()) {
    case json::value_t::boolean:
      return Kind::Boolean;
    case json::value_t::number_integer:
      return Kind::Integer;
    case json::value_t::number_unsigned:
      return value.get<std::uint64_t>() > INT64_MAX ? Kind::Large : Kind::Integer;
    case json::value_t::number_float:
      return Kind::Float;
    case json::value_t::string:
      return Kind::Text;
    case json::value_t::array:
      return Kind::List;
    case json::value_t::object:
      return Kind::Object;
    default:
      return Kind::Null;
  }
}

/// Makes the same list from nlohmann's values.
void flatten(std::vector<JsonValue>& values, const json& from, std::string_view key) {
  const std::size_t place = values.size();
  JsonValue& value = values.emplace_back();
  value.kind = kind_of(from);
  value.key = key;
  value.count = static_cast<std::uint32_t>(from.is_structured() ? from.size() : 0);
  if (from.is_string()) value.text = from.get_ref<const std::string&>();
  if (from.is_boolean()) value.integer = from.get<bool>() ? 1 : 0;
  if (value.is(Kind::Integer)) value.integer = from.get<std::int64_t>();
  if (from.is_number()) value.number = from.get<double>();
  if (from.is_object())
    for (const auto& [name, child] : from.get_ref<const json::object_t&>()) flatten(values, child, name);
  if (from.is_array())
    for (const json& child : from) flatten(values, child, {});
  values[place].extent = static_cast<std::uint32_t>(values.size() - place);
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view wanted) const noexcept {
  if (kind != Kind::Object) return nullptr;
  for (const JsonValue& child : children())
    if (child.key == wanted) return &child;
  return nullptr;
}

const char* JsonValue::kind_name() const noexcept {
  switch (kind) {
    case Kind::Null:
      return "null";
    case Kind::Boolean:
      return "boolean";
    case Kind::Integer:
    case Kind::Large:
    case Kind::Float:
      return "number";
    case Kind::Text:
      return "string";
    case Kind::List:
      return "array";
    case Kind::Object:
      break;
  }
  return "object";
}

ManifestJson::ManifestJson(std::string_view text) {
  constexpr std::size_t usual_bytes_per_value = 16;
  values_.reserve(text.size() / usual_bytes_per_value + 1);
  if (PlainJson(text, values_, unescaped_).read()) return;
  values_.clear();
  general_ = std::make_unique<json>(parse_json(text, "manifest"));
  flatten(values_, *general_, {});
}

ManifestJson::~ManifestJson() = default;

}  // namespace kairos::host
