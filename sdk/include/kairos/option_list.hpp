// SPDX-License-Identifier: MIT
// Options with several values of one type.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kairos/option.hpp"

namespace kairos {
inline namespace v1 {

namespace detail {

/// An item of a list: its ABI type, its C++ type, and its value.
template <class T>
struct Item;
template <>
struct Item<bool> {
  static constexpr std::int32_t type = KAIROS_TYPE_BOOL;
  using Value = bool;
  static Value of(const kairos_value& value) { return value.integer != 0; }
};
template <>
struct Item<std::int64_t> {
  static constexpr std::int32_t type = KAIROS_TYPE_INT;
  using Value = std::int64_t;
  static Value of(const kairos_value& value) { return value.integer; }
};
template <>
struct Item<int> : Item<std::int64_t> {};
template <>
struct Item<double> {
  static constexpr std::int32_t type = KAIROS_TYPE_FLOAT;
  using Value = double;
  static Value of(const kairos_value& value) { return value.number; }
};
template <>
struct Item<std::string_view> {
  static constexpr std::int32_t type = KAIROS_TYPE_STRING;
  using Value = std::string_view;
  static Value of(const kairos_value& value) {
    return {value.text.ptr, static_cast<std::size_t>(value.text.length)};
  }
};
template <>
struct Item<Choice> : Item<std::string_view> {
  static constexpr std::int32_t type = KAIROS_TYPE_ENUM;
};
template <>
struct Item<Duration> {
  static constexpr std::int32_t type = KAIROS_TYPE_DURATION;
  using Value = std::chrono::nanoseconds;
  static Value of(const kairos_value& value) { return Value(value.integer); }
};

}  // namespace detail

/// Several values. Bounds, choices and unit are those of each one; the default is written as the user would:
///
///   Option<List<double>> factors{this, "factors", "0.5,0.25", "factor of each drop", above(0)};
///   for (const double factor : factors.values()) …
template <class T>
class Option<List<T>> : public detail::OptionBase {
 public:
  using Value = typename detail::Item<T>::Value;
  template <class D, class... C>
  constexpr Option(detail::Members* owner, const char* name, D initial, const char* help, C... constraints)
      : OptionBase(owner, KAIROS_TYPE_LIST, name, initial, help, detail::ItemType{detail::Item<T>::type},
                   constraints...) {}
  /// The number of values; 0 if the option is not set.
  [[nodiscard]] std::size_t size() const { return is_set() ? static_cast<std::size_t>(value_.integer) : 0; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// Throws Error for i >= size(). Text is borrowed until the callback is destroyed.
  [[nodiscard]] Value operator[](std::size_t i) const { return detail::Item<T>::of(item(i)); }
  [[nodiscard]] std::vector<Value> values() const {
    std::vector<Value> all;
    for (std::size_t i = 0; i < size(); ++i) all.push_back((*this)[i]);
    return all;
  }
};

}  // namespace v1
}  // namespace kairos
