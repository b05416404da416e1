// SPDX-License-Identifier: MIT
// Options: one declaration defines the manifest entry, parsing, checks and value.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "kairos/detail/members.hpp"
#include "kairos/detail/option_value.hpp"
#include "kairos/error.hpp"
#include "kairos/event.hpp"

namespace kairos {
inline namespace v1 {

// Types of options that have no C++ type. The host passes all paths as absolute paths.
struct Choice {};           ///< one of a list of words
struct InputPath {};        ///< a file or directory that the callback reads
struct OutputPath {};       ///< a file that the callback writes
struct OutputDirectory {};  ///< a directory in which the callback creates files
struct SavePath {};         ///< a path for save(); may contain fields in braces, filled in by the callback
struct Path {};             ///< a path of undeclared use, treated as OutputPath
struct Duration {};         ///< "90s", "5m"
struct Metric {};           ///< a log key; the host checks that it exists before anything runs
struct Expression {};       ///< a formula over named variables
/// Several values of one type, written as "0.1,0.2": bool, int, std::int64_t, double, std::string_view,
/// Choice or Duration.
template <class Item>
struct List {};

/// In place of a default: the option is optional and has no value if the user does not set it. As the initial
/// value of a State<double>: NaN.
struct Unset {
  constexpr operator double() const { return std::numeric_limits<double>::quiet_NaN(); }
};
inline constexpr Unset unset{};

/// In place of a default: the user must set the option.
struct Required {};
inline constexpr Required required{};

/// True if `value` is better than `best` by strictly more than |min_delta|. NaN is never better; any finite
/// value is better than an unset (NaN) best. Computed as Keras 3 does: the delta is added to the value, and
/// both sides are compared as float32, so that rounding of doubles does not turn 0.8 to 0.7 into an
/// improvement of more than 0.1.
[[nodiscard]] inline bool is_better(Direction direction, double value, double best, double min_delta = 0.0) {
  if (std::isnan(value)) return false;
  if (std::isnan(best)) return std::isfinite(value);
  const double delta = std::fabs(min_delta);
  const auto handicapped = static_cast<float>(direction == Direction::Max ? value - delta : value + delta);
  const auto reference = static_cast<float>(best);
  return direction == Direction::Max ? handicapped > reference : handicapped < reference;
}

/// Bounds of a number: `min` and `max` are inclusive, `above` and `below` exclusive.
[[nodiscard]] constexpr detail::Bound min(double value) {
  return {value, true, false};
}
[[nodiscard]] constexpr detail::Bound max(double value) {
  return {value, false, false};
}
[[nodiscard]] constexpr detail::Bound above(double value) {
  return {value, true, true};
}
[[nodiscard]] constexpr detail::Bound below(double value) {
  return {value, false, true};
}
/// Alternative keys of the option, separated by commas: alias("epsilon").
[[nodiscard]] constexpr detail::Alias alias(const char* names) {
  return {names};
}
/// Unit shown by `kairos plugins inspect`: unit("epochs").
[[nodiscard]] constexpr detail::Unit unit(const char* name) {
  return {name};
}
/// The words of a Choice, separated by commas: choices("auto,min,max").
[[nodiscard]] constexpr detail::Choices choices(const char* words) {
  return {words};
}
/// The variables of an Expression, in call order: variables("epoch,lr").
[[nodiscard]] constexpr detail::Choices variables(const char* names) {
  return {names};
}

/// A token or password, for Option<std::string_view> with `unset` or `required`: the host never prints or
/// stores the value. The user may write env:NAME or file:PATH instead of it.
inline constexpr detail::Flag secret{KAIROS_OPTION_SECRET};
/// Saved state depends on the value of the option: if the user changes it, the state is not restored, and a
/// warning says so.
inline constexpr detail::Flag voids_state{KAIROS_OPTION_STATE};

/// The reason why the option should not be used any more, and what to use instead: "use factor". The host
/// warns with this sentence if the user sets the option.
[[nodiscard]] constexpr detail::Deprecated deprecated(const char* reason) {
  return {reason};
}

namespace detail {

/// Base of all options: the declaration, and the value from the host.
class OptionBase {
 public:
  // A copy would not be registered with the host.
  OptionBase(const OptionBase&) = delete;
  OptionBase& operator=(const OptionBase&) = delete;

  /// False if the option has no default and the user did not set it.
  [[nodiscard]] bool is_set() const { return value_.type != KAIROS_TYPE_ABSENT; }
  /// Whether the user set the option; false if it has its default.
  [[nodiscard]] bool is_given() const {
    std::int32_t given = 0;
    ask(table().is_set(owner_->interfaces.host, index_, &given));
    return given != 0;
  }
  /// The declaration as the ABI struct.
  [[nodiscard]] constexpr const kairos_option& declaration() const { return declaration_; }

  /// Reads the value from the host. The SDK calls it in create.
  void fill(const kairos_host* host) {
    if (host->option(host, index_, &value_) != KAIROS_OK)
      throw Error(KAIROS_E_INTERNAL, std::string("the host gave no value for option ") + declaration_.name);
  }

  OptionBase* next = nullptr;

 protected:
  template <class Default, class... Constraints>
  constexpr OptionBase(Members* owner, std::int32_t type, const char* name, Default initial, const char* help,
                       Constraints... constraints)
      : declaration_{sizeof(kairos_option),
                     std::is_same_v<Default, Required> ? KAIROS_OPTION_REQUIRED : 0u,
                     type,
                     0,
                     name,
                     help,
                     nullptr,
                     nullptr,
                     nullptr,
                     value_of(type, initial),
                     absent_value(),
                     absent_value(),
                     nullptr,
                     KAIROS_TYPE_ABSENT,
                     0},
        owner_(owner) {
    (constrain(declaration_, constraints), ...);
    index_ = owner->options.add(this);
  }

  [[nodiscard]] std::string_view text() const {
    return {value_.text.ptr, static_cast<std::size_t>(value_.text.length)};
  }
  void ask(kairos_status status) const {
    if (status != KAIROS_OK)
      throw Error(status, std::string("the host did not answer about option ") + declaration_.name);
  }
  [[nodiscard]] kairos_value item(std::size_t i) const {
    kairos_value value = absent_value();
    ask(table().item(owner_->interfaces.host, index_, i, &value));
    return value;
  }
  [[nodiscard]] const kairos_options& table() const {
    if (owner_->interfaces.options == nullptr)
      throw Error(KAIROS_E_UNSUPPORTED, "this host does not offer " KAIROS_OPTIONS);
    return *owner_->interfaces.options;
  }

  kairos_option declaration_;
  kairos_value value_ = absent_value();
  Members* owner_;
  std::uint32_t index_ = 0;
};

}  // namespace detail

/// An option of type T: bool, int, std::int64_t, double, std::string_view, Choice, InputPath, OutputPath,
/// OutputDirectory, SavePath, Path, Duration, Metric, Expression, or List of some of these.
///
///   Option<int> patience{this, "patience", 10, "epochs without improvement", kairos::min(0)};
///
/// Arguments: `this`, key, default (or `unset`, `required`), one sentence of help, then bounds, aliases,
/// unit, `secret`, `voids_state`, `deprecated`.
template <class T>
class Option;

template <>
class Option<bool> : public detail::OptionBase {
 public:
  template <class D, class... C>
  constexpr Option(detail::Members* owner, const char* name, D initial, const char* help, C... constraints)
      : OptionBase(owner, KAIROS_TYPE_BOOL, name, initial, help, constraints...) {}
  [[nodiscard]] bool value() const { return value_.integer != 0; }
  operator bool() const { return value(); }
};

template <>
class Option<std::int64_t> : public detail::OptionBase {
 public:
  template <class D, class... C>
  constexpr Option(detail::Members* owner, const char* name, D initial, const char* help, C... constraints)
      : OptionBase(owner, KAIROS_TYPE_INT, name, initial, help, constraints...) {}
  [[nodiscard]] std::int64_t value() const { return value_.integer; }
  operator std::int64_t() const { return value(); }
};

/// Same as Option<std::int64_t>: 64 bits, no truncation.
template <>
class Option<int> : public Option<std::int64_t> {
 public:
  using Option<std::int64_t>::Option;
};

template <>
class Option<double> : public detail::OptionBase {
 public:
  template <class D, class... C>
  constexpr Option(detail::Members* owner, const char* name, D initial, const char* help, C... constraints)
      : OptionBase(owner, KAIROS_TYPE_FLOAT, name, initial, help, constraints...) {}
  /// NaN if the option is not set.
  [[nodiscard]] double value() const { return is_set() ? value_.number : static_cast<double>(unset); }
  operator double() const { return value(); }
};

namespace detail {

/// Options whose value is text. The text is borrowed until the callback is destroyed.
template <std::int32_t type>
class TextOption : public OptionBase {
 public:
  template <class D, class... C>
  constexpr TextOption(Members* owner, const char* name, D initial, const char* help, C... constraints)
      : OptionBase(owner, type, name, initial, help, constraints...) {}
  [[nodiscard]] std::string_view value() const { return text(); }
  operator std::string_view() const { return text(); }
  friend bool operator==(const TextOption& a, std::string_view b) { return a.text() == b; }
  friend bool operator!=(const TextOption& a, std::string_view b) { return a.text() != b; }
};

}  // namespace detail

template <>
class Option<std::string_view> : public detail::TextOption<KAIROS_TYPE_STRING> {
 public:
  using TextOption::TextOption;
};

template <>
class Option<Choice> : public detail::TextOption<KAIROS_TYPE_ENUM> {
 public:
  using TextOption::TextOption;
};

namespace detail {

/// A path and its declared use, KAIROS_OPTION_….
template <std::uint32_t access>
class PathOption : public TextOption<KAIROS_TYPE_PATH> {
 public:
  template <class D, class... C>
  constexpr PathOption(Members* owner, const char* name, D initial, const char* help, C... constraints)
      : TextOption(owner, name, initial, help, constraints...) {
    declaration_.flags |= access;
  }
};

}  // namespace detail

template <>
class Option<Path> : public detail::PathOption<0> {
 public:
  using PathOption::PathOption;
};

/// The file must not change during the run. The host rejects results that would replace it.
template <>
class Option<InputPath> : public detail::PathOption<KAIROS_OPTION_READS> {
 public:
  using PathOption::PathOption;
};

template <>
class Option<OutputPath> : public detail::PathOption<KAIROS_OPTION_WRITES> {
 public:
  using PathOption::PathOption;
};

template <>
class Option<OutputDirectory> : public detail::PathOption<KAIROS_OPTION_WRITES | KAIROS_OPTION_DIRECTORY> {
 public:
  using PathOption::PathOption;
};

template <>
class Option<SavePath> : public detail::PathOption<KAIROS_OPTION_WRITES | KAIROS_OPTION_SAVES> {
 public:
  using PathOption::PathOption;
};

template <>
class Option<Duration> : public detail::OptionBase {
 public:
  template <class D, class... C>
  constexpr Option(detail::Members* owner, const char* name, D initial, const char* help, C... constraints)
      : OptionBase(owner, KAIROS_TYPE_DURATION, name, initial, help, constraints...) {}
  [[nodiscard]] std::chrono::nanoseconds value() const { return std::chrono::nanoseconds(value_.integer); }
};

/// A log key. The host has checked that it exists; its value may be unavailable in some epochs.
template <>
class Option<Metric> : public detail::TextOption<KAIROS_TYPE_METRIC> {
 public:
  using TextOption::TextOption;

  /// The value in this event; empty if it is unavailable (such as in an epoch without validation) or the key
  /// does not exist.
  [[nodiscard]] std::optional<double> value(const Event& event) const {
    const std::optional<std::uint32_t> index = event.find_log(text());
    return index ? event.log(*index) : std::nullopt;
  }
  [[nodiscard]] std::string_view key() const { return text(); }

  /// The direction for `mode`: min, max, or auto for the declared direction of the metric. Throws if mode is
  /// auto and the metric declares none.
  [[nodiscard]] Direction direction(const Event& event, std::string_view mode = "auto") const {
    if (mode == "min") return Direction::Min;
    if (mode == "max") return Direction::Max;
    const std::optional<std::uint32_t> index = event.find_log(text());
    if (!index) return Direction::Min;  // The key is missing and on_missing=warn: nothing is compared.
    const auto direction = static_cast<Direction>(event.log_direction(*index));
    if (direction == Direction::Unknown)
      throw Error("mode=auto needs a metric that declares a direction, and \"" + std::string(text()) +
                  "\" declares none. Set mode=min or mode=max");
    return direction;
  }

  /// True if this event's value is better than `best` by more than `min_delta`, in the metric's declared
  /// direction; `best` is then set to it. False if the value is unavailable.
  template <class Best>
  bool improved(const Event& event, Best& best, double min_delta = 0.0) const {
    const std::optional<double> now = value(event);
    if (!now || !is_better(direction(event), *now, best, min_delta)) return false;
    best = *now;
    return true;
  }
};

/// A formula, called with the event and its variables:
///
///   Option<Expression> schedule{this, "schedule", required, "rate", variables("epoch,lr")};
///   double rate = schedule(epoch, 3, 0.1);
template <>
class Option<Expression> : public detail::TextOption<KAIROS_TYPE_EXPRESSION> {
 public:
  using TextOption::TextOption;

  template <class... Numbers>
  [[nodiscard]] double operator()(const Event& event, Numbers... variables) const {
    const double values[] = {static_cast<double>(variables)...};
    return event.evaluate(index_, values, sizeof...(variables));
  }
};

}  // namespace v1
}  // namespace kairos
