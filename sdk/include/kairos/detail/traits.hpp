// SPDX-License-Identifier: MIT
// Reads the declarations of a callback class at compile time, and reports wrong ones.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kairos/callback.hpp"
#include "kairos/detail/declaration_rules.hpp"
#include "kairos/detail/hooks.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

// Optional static members, with their defaults.
#define KAIROS_DETAIL_OPTIONAL(name, type, fallback)          \
  template <class T, class = void>                            \
  struct Declared_##name {                                    \
    static constexpr type value = fallback;                   \
  };                                                          \
  template <class T>                                          \
  struct Declared_##name<T, std::void_t<decltype(T::name)>> { \
    static constexpr type value = T::name;                    \
  };

// The same for texts; a member of another type, such as an option of that name, is the author's own.
#define KAIROS_DETAIL_OPTIONAL_TEXT(name)                                                              \
  template <class T, class = void>                                                                     \
  struct Declared_##name {                                                                             \
    static constexpr const char* value = nullptr;                                                      \
  };                                                                                                   \
  template <class T>                                                                                   \
  struct Declared_##name<T, std::enable_if_t<std::is_convertible_v<decltype(T::name), const char*>>> { \
    static constexpr const char* value = T::name;                                                      \
  };

constexpr Can default_capabilities(Phase phase) {
  return phase == Phase::Decide    ? Can::Stop | Can::SetOptimizer
         : phase == Phase::Persist ? Can::SaveModel
                                   : Can::Nothing;
}

KAIROS_DETAIL_OPTIONAL(summary, const char*, "")
KAIROS_DETAIL_OPTIONAL(publishes, const char*, nullptr)
KAIROS_DETAIL_OPTIONAL(phase, Phase, Phase::Decide)
KAIROS_DETAIL_OPTIONAL(capabilities, Can, default_capabilities(Declared_phase<T>::value))
KAIROS_DETAIL_OPTIONAL(state_version, std::uint32_t, 1)
KAIROS_DETAIL_OPTIONAL(oldest_state_version, std::uint32_t, 1)
KAIROS_DETAIL_OPTIONAL(every_rank, bool, false)
#undef KAIROS_DETAIL_OPTIONAL
KAIROS_DETAIL_OPTIONAL_TEXT(aliases)
KAIROS_DETAIL_OPTIONAL_TEXT(before)
KAIROS_DETAIL_OPTIONAL_TEXT(after)
#undef KAIROS_DETAIL_OPTIONAL_TEXT

template <class T, class = void>
struct Has_id : std::false_type {};
template <class T>
struct Has_id<T, std::void_t<decltype(T::id)>> : std::true_type {};

template <class T>
constexpr bool has_good_publishes() {
  if constexpr (Declared_publishes<T>::value == nullptr) {
    return true;
  } else {
    T callback{};
    return is_publishes(callback, Declared_publishes<T>::value);
  }
}

template <class T>
constexpr Finding find_flaw() {
  T callback{};
  return first_flaw(callback);
}

/// The texts and numbers of a callback, its options and states.
template <class T>
constexpr void check_declarations() {
  static_assert(is_id(T::id),
                "kairos: the id must be a reverse domain and a name, such as \"com.example.Mine\": letters, "
                "digits and '_', separated by dots");
  static_assert(
      is_id_list(Declared_aliases<T>::value, T::id) && is_id_list(Declared_before<T>::value, T::id) &&
          is_id_list(Declared_after<T>::value, T::id),
      "kairos: aliases, before and after must be different ids of other callbacks, separated by commas "
      "without spaces: \"com.example.Old,com.example.Older\"");
  static_assert(is_line(Declared_summary<T>::value),
                "kairos: the summary must be one line, without control characters");
  static_assert(has_good_publishes<T>(),
                "kairos: publishes must be different log keys, separated by commas without spaces, each with "
                "an optional direction; {instance} and {name of an option} stand for their values: "
                "\"score:max,{monitor}_smooth,rate\"");
  static_assert(1 <= Declared_oldest_state_version<T>::value &&
                    Declared_oldest_state_version<T>::value <= Declared_state_version<T>::value,
                "kairos: oldest_state_version must be from 1 to state_version");
  constexpr Finding finding = find_flaw<T>();
  refuse<T, finding.flaw, finding.number>();
  constexpr Finding twin = find_twin<T>();
  refuse<T, twin.flaw, twin.number>();
}

template <class T>
constexpr bool check_callback() {
  static_assert(
      std::is_base_of_v<Callback<T>, T>,
      "kairos: a callback must derive from kairos::Callback of itself: struct Mine : kairos::Callback<Mine>");
  static_assert(!std::is_final_v<T>, "kairos: a callback class must not be final");
  static_assert(std::is_trivially_destructible_v<T>,
                "kairos: a callback may only have options, states and plain values as members; wrap a "
                "std::string, std::vector or std::ofstream in kairos::Owned<T> name{this}, or in "
                "kairos::State<T> to save it with the run");
  if constexpr (HasNearMiss<T>::value) refuse_near_misses<T>();
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) static_cast<void>(find_##hook<T>());
#include "kairos/abi/hook_list.inc"
  static_assert(has_any_hook<T>,
                "kairos: this callback has no hook; see kairos/callback.hpp for the names of hooks");
  static_assert(Has_id<T>::value,
                "kairos: a callback needs an id, reverse domain and name: "
                "static constexpr auto id = \"com.example.Mine\";");
  if constexpr (Has_id<T>::value && std::is_base_of_v<Callback<T>, T> && std::is_trivially_destructible_v<T>)
    check_declarations<T>();
  return true;
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
