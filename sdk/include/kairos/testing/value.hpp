// SPDX-License-Identifier: MIT
// Values of options as tests give them, checked as a host checks them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kairos/plugin.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {

/// A truth value, a number, a text or a duration; a list is text, "1,2" (of durations it is not supported).
class Value {
 public:
  Value(bool value) : type_(KAIROS_TYPE_BOOL), integer_(value ? 1 : 0) {}
  template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  Value(T value) : type_(KAIROS_TYPE_INT), integer_(static_cast<std::int64_t>(value)) {}
  Value(double value) : type_(KAIROS_TYPE_FLOAT), number_(value) {}
  Value(const char* value) : type_(KAIROS_TYPE_STRING), text_(value) {}
  Value(std::string value) : type_(KAIROS_TYPE_STRING), text_(std::move(value)) {}
  template <class Rep, class Period>
  Value(std::chrono::duration<Rep, Period> value)
      : type_(KAIROS_TYPE_DURATION),
        integer_(std::chrono::duration_cast<std::chrono::nanoseconds>(value).count()) {}

  /// As the ABI struct of an option; its text is borrowed from this object. Throws std::invalid_argument if a
  /// host would reject the value.
  [[nodiscard]] kairos_value of(const kairos_option& option) const {
    kairos_value value{option.type, 0, integer_, number_, {nullptr, 0}};
    const bool number = option.type == KAIROS_TYPE_FLOAT;
    if (number && type_ == KAIROS_TYPE_INT) {
      value.integer = 0;
      value.number = static_cast<double>(integer_);
    } else if (option.type == KAIROS_TYPE_LIST) {
      if (type_ != KAIROS_TYPE_STRING)
        refuse(option, "a value of another type", "a list as text, such as \"1,2\"");
      value.text = {text_.c_str(), text_.size()};
      value.integer = static_cast<std::int64_t>(count_items(value.text));
      for (std::uint64_t i = 0; i < count_items(value.text); ++i)
        static_cast<void>(item(option, value.text, i));
      return value;
    } else if (is_text(option.type)) {
      if (type_ != KAIROS_TYPE_STRING) refuse(option, "a value of another type", "text");
      value.text = {text_.c_str(), text_.size()};
      if (option.type == KAIROS_TYPE_ENUM && !detail::is_listed(option.choices, text_))
        refuse(option, '"' + text_ + '"', std::string("one of ") + option.choices);
    } else if (type_ != option.type) {
      refuse(option, "a value of another type", std::string("the type ") + detail::type_name(option.type));
    }
    check_bounds(option, value);
    return value;
  }

  /// The number of items in the text of a list.
  [[nodiscard]] static std::uint64_t count_items(kairos_str list) {
    return list.length == 0
               ? 0
               : 1 + static_cast<std::uint64_t>(std::count(list.ptr, list.ptr + list.length, ','));
  }
  /// Item number `i` of a list, which has as many; its text is borrowed from the list. Throws
  /// std::invalid_argument if a host would reject it.
  [[nodiscard]] static kairos_value item(const kairos_option& option, kairos_str list, std::uint64_t i) {
    std::string_view rest(list.ptr, static_cast<std::size_t>(list.length)), word;
    bool more = true;
    for (std::uint64_t k = 0; k <= i; ++k) word = detail::take_part(rest, ',', more);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    if (word.empty())
      refuse(option, '"' + std::string(list.ptr, list.length) + '"', "items that are not empty");
    kairos_option one = option;
    one.type = option.item_type;
    if (one.type == KAIROS_TYPE_STRING || one.type == KAIROS_TYPE_ENUM) {
      if (one.type == KAIROS_TYPE_ENUM && !detail::is_listed(option.choices, word))
        refuse(option, '"' + std::string(word) + '"', std::string("one of ") + option.choices);
      return {one.type, 0, 0, 0, {word.data(), word.size()}};
    }
    if (one.type == KAIROS_TYPE_BOOL && (word == "true" || word == "false"))
      return {one.type, 0, word == "true" ? 1 : 0, 0, {nullptr, 0}};
    kairos_value value{one.type, 0, 0, 0, {nullptr, 0}};
    char* end = nullptr;
    const std::string text(word);
    if (one.type == KAIROS_TYPE_FLOAT)
      value.number = std::strtod(text.c_str(), &end);
    else if (one.type == KAIROS_TYPE_INT)
      value.integer = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || end != text.c_str() + text.size())
      refuse(option, '"' + text + '"', std::string("an item of the type ") + detail::type_name(one.type));
    check_bounds(one, value);
    return value;
  }

 private:
  static void check_bounds(const kairos_option& option, const kairos_value& value) {
    kairos_option given = option;
    given.initial = value;
    if (!is_text(option.type) && (std::isnan(value.number) || !detail::is_within(given)))
      refuse(option,
             option.type == KAIROS_TYPE_FLOAT ? std::to_string(value.number) : std::to_string(value.integer),
             "a value within the bounds");
  }
  static bool is_text(std::int32_t type) {
    return type == KAIROS_TYPE_STRING || type == KAIROS_TYPE_ENUM || type == KAIROS_TYPE_PATH ||
           type == KAIROS_TYPE_METRIC || type == KAIROS_TYPE_EXPRESSION;
  }
  [[noreturn]] static void refuse(const kairos_option& option, const std::string& found,
                                  const std::string& expected) {
    throw std::invalid_argument(std::string("option ") + option.name + ": found " + found + "; expected " +
                                expected);
  }

  std::int32_t type_;
  std::int64_t integer_ = 0;
  double number_ = 0;
  std::string text_;
};

/// An option and its value: {"patience", 2}.
struct Setting {
  std::string name;
  Value value;
};
using Settings = std::vector<Setting>;

/// The declaration of a callback class, as KAIROS_PLUGIN generates it.
template <class T>
[[nodiscard]] const kairos_callback& callback() {
  static_assert(detail::check_callback<T>());
  return detail::Tables<T>::callback;
}

/// A callback of a plugin that is linked or loaded, by its id. Throws std::invalid_argument if it has none of
/// that id.
[[nodiscard]] inline const kairos_callback& callback(const kairos_plugin& plugin, std::string_view id) {
  for (std::uint32_t i = 0; i < plugin.callback_count; ++i)
    if (plugin.callbacks[i]->id == id) return *plugin.callbacks[i];
  throw std::invalid_argument("the plugin has no callback \"" + std::string(id) + "\"");
}

}  // namespace testing
}  // namespace v1
}  // namespace kairos
