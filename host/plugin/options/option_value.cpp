// SPDX-License-Identifier: MIT
// Numbers and durations as users write them, independent of the locale.
#include "plugin/options/option_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/python_text.hpp"
#include "kairos/abi.h"

namespace kairos::host {

namespace {

constexpr double largest_exact = 9007199254740992.0;  // 2^53

std::optional<bool> read_bool(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower == "true" || lower == "yes" || lower == "1") return true;
  if (lower == "false" || lower == "no" || lower == "0") return false;
  return std::nullopt;
}

/// Accepts 10, and 1e3 because it is whole.
std::optional<std::int64_t> read_int(std::string_view text) {
  if (const auto value = python_integer(text)) return value;
  if (text.find_first_of("eE.") == std::string_view::npos) return std::nullopt;
  const auto value = python_number(text);
  if (!value || !std::isfinite(*value) || *value != std::trunc(*value) || std::abs(*value) > largest_exact)
    return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array units = {Unit{"d", 86'400'000'000'000},
                              Unit{"h", 3'600'000'000'000},
                              Unit{"m", 60'000'000'000},
                              Unit{"s", 1'000'000'000},
                              Unit{"ms", 1'000'000},
                              Unit{"us", 1'000},
                              Unit{"ns", 1}};

/// A number of a duration in nanoseconds. Whole numbers are exact, so that the text of `value_text` is read
/// back as the same value.
std::optional<std::int64_t> nanoseconds_of(std::string_view number, const Unit& unit) {
  std::int64_t product = 0;
  if (number.find('.') == std::string_view::npos) {
    const auto whole = python_integer(number);
    if (!whole || __builtin_mul_overflow(*whole, unit.nanoseconds, &product)) return std::nullopt;
    return product;
  }
  const auto fraction = python_number(number);
  constexpr double largest = 9.2e18;
  if (!fraction || !(*fraction * static_cast<double>(unit.nanoseconds) < largest)) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(*fraction * static_cast<double>(unit.nanoseconds)));
}

/// A sequence of numbers with units: "1h30m", "1.5s".
std::optional<std::int64_t> read_duration(std::string_view text) {
  std::int64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view number = text.substr(0, digits);
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit =
        std::find_if(units.begin(), units.end(),
                     [name = text.substr(0, letters)](const Unit& entry) { return entry.name == name; });
    if (unit == units.end()) return std::nullopt;
    const auto part = nanoseconds_of(number, *unit);
    if (!part || __builtin_add_overflow(total, *part, &total)) return std::nullopt;
    text.remove_prefix(letters);
  }
  return total;
}

OptionValue whole(std::int32_t type, std::int64_t integer) {
  return {type, integer, 0.0, ""};
}

std::string duration_text(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  std::string text = nanoseconds < 0 ? "-" : "";
  std::uint64_t left =
      nanoseconds < 0 ? 0 - static_cast<std::uint64_t>(nanoseconds) : static_cast<std::uint64_t>(nanoseconds);
  for (const Unit& unit : units) {
    const auto size = static_cast<std::uint64_t>(unit.nanoseconds);
    if (left >= size) text += fmt::format("{}{}", left / size, unit.name);
    left %= size;
  }
  return text;
}

/// -1, 0 or 1; 2 where one of the two is NaN.
int compare(const OptionValue& a, const OptionValue& b) {
  if (a.type != KAIROS_TYPE_FLOAT) return a.integer < b.integer ? -1 : a.integer > b.integer ? 1 : 0;
  return a.number < b.number ? -1 : a.number > b.number ? 1 : a.number == b.number ? 0 : 2;
}

}  // namespace

std::optional<OptionValue> parse_value(std::int32_t type, std::string_view text) {
  switch (type) {
    case KAIROS_TYPE_BOOL:
      if (const auto value = read_bool(text)) return whole(type, *value ? 1 : 0);
      return std::nullopt;
    case KAIROS_TYPE_INT:
      if (const auto value = read_int(text)) return whole(type, *value);
      return std::nullopt;
    case KAIROS_TYPE_DURATION:
      if (const auto value = read_duration(text)) return whole(type, *value);
      return std::nullopt;
    case KAIROS_TYPE_FLOAT:
      if (const auto value = python_number(text)) return OptionValue{type, 0, *value, ""};
      return std::nullopt;
    default:
      return OptionValue{type, 0, 0.0, std::string(text)};
  }
}

std::string_view value_syntax(std::int32_t type) noexcept {
  switch (type) {
    case KAIROS_TYPE_BOOL:
      return "true or false";
    case KAIROS_TYPE_INT:
      return "a whole number, such as 10";
    case KAIROS_TYPE_FLOAT:
      return "a number, such as 0.001";
    case KAIROS_TYPE_DURATION:
      return "a duration with its unit, such as 90s, 5m or 1h30m";
    default:
      return "a text";
  }
}

bool within_bounds(const OptionSpec& option, const OptionValue& value) {
  // NaN is outside every bound, but it may be a default that means "not set".
  const auto beyond = [&](const OptionValue& bound, int direction, std::uint32_t exclusive) {
    if (bound.absent()) return false;
    const int order = compare(value, bound);
    return order == direction || (order == 0 && (option.flags & exclusive) != 0) ||
           (order == 2 && !(value == option.initial));
  };
  return !beyond(option.min, -1, KAIROS_OPTION_MIN_EXCLUSIVE) &&
         !beyond(option.max, 1, KAIROS_OPTION_MAX_EXCLUSIVE);
}

std::string bounds_text(const OptionSpec& option) {
  std::string text;
  if (!option.min.absent())
    text = ((option.flags & KAIROS_OPTION_MIN_EXCLUSIVE) != 0 ? "greater than " : "at least ") +
           value_text(option.min);
  if (!option.max.absent())
    text += (text.empty() ? "" : " and ") +
            std::string((option.flags & KAIROS_OPTION_MAX_EXCLUSIVE) != 0 ? "less than " : "at most ") +
            value_text(option.max);
  if (!text.empty() && !option.unit.empty()) text += " " + option.unit;
  return text;
}

std::string value_text(const OptionValue& value) {
  switch (value.type) {
    case KAIROS_TYPE_ABSENT:
      return "";
    case KAIROS_TYPE_BOOL:
      return value.integer != 0 ? "true" : "false";
    case KAIROS_TYPE_INT:
      return std::to_string(value.integer);
    case KAIROS_TYPE_DURATION:
      return duration_text(value.integer);
    case KAIROS_TYPE_FLOAT:
      return fmt::format("{}", value.number);
    default:
      return value.text;
  }
}

}  // namespace kairos::host
