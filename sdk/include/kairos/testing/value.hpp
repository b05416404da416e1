// SPDX-License-Identifier: MIT
// Values of options as tests give them, checked as a host checks them.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kairos/plugin.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {

/// A truth value, a number, a text or a duration.
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
    } else if (is_text(option.type)) {
      if (type_ != KAIROS_TYPE_STRING) refuse(option, "a value of another type", "text");
      value.text = {text_.c_str(), text_.size()};
      if (option.type == KAIROS_TYPE_ENUM && !detail::is_listed(option.choices, text_))
        refuse(option, '"' + text_ + '"', std::string("one of ") + option.choices);
    } else if (type_ != option.type) {
      refuse(option, "a value of another type", std::string("the type ") + detail::type_name(option.type));
    }
    kairos_option given = option;
    given.initial = value;
    if (!is_text(option.type) && (std::isnan(value.number) || !detail::is_within(given)))
      refuse(option, number ? std::to_string(value.number) : std::to_string(value.integer),
             "a value within the bounds");
    return value;
  }

 private:
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
