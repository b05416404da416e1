// SPDX-License-Identifier: MIT
// Defaults, bounds and the like as fields of kairos_option, at compile time.
#pragma once

#include <chrono>
#include <cstdint>

#include "kairos/abi.h"

namespace kairos {
inline namespace v1 {

struct Unset;
struct Required;

namespace detail {

struct Bound {
  double value;
  bool lower;
  bool exclusive;
};
struct Alias {
  const char* names;
};
struct Unit {
  const char* name;
};
struct Choices {
  const char* words;
};
struct Flag {
  std::uint32_t bit;
};
struct Deprecated {
  const char* reason;
};
struct ItemType {
  std::int32_t type;
};

constexpr kairos_str text_of(const char* text) {
  std::uint64_t n = 0;
  while (text[n] != '\0') ++n;
  return {text, n};
}

constexpr kairos_value absent_value() {
  return {KAIROS_TYPE_ABSENT, 0, 0, 0.0, {nullptr, 0}};
}

constexpr bool is_integral(std::int32_t type) {
  return type == KAIROS_TYPE_INT || type == KAIROS_TYPE_DURATION;
}

/// A default or bound. If it does not have the option's type, the callback is not a constant expression and
/// does not compile.
constexpr kairos_value value_if(bool fits, kairos_value value) {
  return fits ? value : throw "kairos: the default of an option is not of the option's type";
}

constexpr kairos_value value_of(std::int32_t type, bool v) {
  return value_if(type == KAIROS_TYPE_BOOL, {type, 0, v ? 1 : 0, 0.0, {nullptr, 0}});
}
constexpr kairos_value value_of(std::int32_t type, long long v) {
  return type == KAIROS_TYPE_FLOAT ? kairos_value{type, 0, 0, static_cast<double>(v), {nullptr, 0}}
                                   : value_if(is_integral(type), {type, 0, v, 0.0, {nullptr, 0}});
}
constexpr kairos_value value_of(std::int32_t type, int v) {
  return value_of(type, static_cast<long long>(v));
}
constexpr kairos_value value_of(std::int32_t type, long v) {
  return value_of(type, static_cast<long long>(v));
}
constexpr kairos_value value_of(std::int32_t type, double v) {
  return value_if(type == KAIROS_TYPE_FLOAT, {type, 0, 0, v, {nullptr, 0}});
}
constexpr kairos_value value_of(std::int32_t type, const char* v) {
  return value_if(type != KAIROS_TYPE_BOOL && type != KAIROS_TYPE_FLOAT && !is_integral(type),
                  {type, 0, 0, 0.0, text_of(v)});
}
constexpr kairos_value value_of(std::int32_t type, std::chrono::nanoseconds v) {
  return value_if(type == KAIROS_TYPE_DURATION, {type, 0, v.count(), 0.0, {nullptr, 0}});
}
constexpr kairos_value value_of(std::int32_t, const Unset&) {
  return absent_value();
}
constexpr kairos_value value_of(std::int32_t, const Required&) {
  return absent_value();
}

constexpr void constrain(kairos_option& spec, Bound bound) {
  const std::int32_t type = spec.type == KAIROS_TYPE_LIST ? spec.item_type : spec.type;
  const kairos_value value =
      is_integral(type) ? value_of(type, static_cast<long long>(bound.value)) : value_of(type, bound.value);
  (bound.lower ? spec.min : spec.max) = value;
  if (bound.exclusive) spec.flags |= bound.lower ? KAIROS_OPTION_MIN_EXCLUSIVE : KAIROS_OPTION_MAX_EXCLUSIVE;
}
constexpr void constrain(kairos_option& spec, Alias alias) {
  spec.aliases = alias.names;
}
constexpr void constrain(kairos_option& spec, Unit unit) {
  spec.unit = unit.name;
}
constexpr void constrain(kairos_option& spec, Choices choices) {
  spec.choices = choices.words;
}
constexpr void constrain(kairos_option& spec, Flag flag) {
  spec.flags |= flag.bit;
}
constexpr void constrain(kairos_option& spec, Deprecated deprecated) {
  spec.deprecated = deprecated.reason;
}
constexpr void constrain(kairos_option& spec, ItemType item) {
  spec.item_type = item.type;
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
