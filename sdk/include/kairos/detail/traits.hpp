// SPDX-License-Identifier: MIT
// Reads the declarations of a callback class at compile time, and reports wrong ones.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kairos/callback.hpp"
#include "kairos/detail/trampoline.hpp"
#include "kairos/event.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

// For each hook: Names_ (T has a member of that name), Has_ (the member has the hook's signature) and find_
// (the function). Names_ works by ambiguity: &Probe<T>::name is valid only if T itself has no such name.
#define X(hook, EventClass, Raw, place)                                                                      \
  struct Decoy_##hook {                                                                                      \
    int hook;                                                                                                \
  };                                                                                                         \
  template <class T>                                                                                         \
  struct Probe_##hook : T, Decoy_##hook {};                                                                  \
  template <class T, class = void>                                                                           \
  struct Names_##hook : std::true_type {};                                                                   \
  template <class T>                                                                                         \
  struct Names_##hook<T, std::void_t<decltype(&Probe_##hook<T>::hook)>> : std::false_type {};                \
  template <class T, class = void>                                                                           \
  struct Has_##hook : std::false_type {};                                                                    \
  template <class T>                                                                                         \
  struct Has_##hook<T,                                                                                       \
                    std::enable_if_t<std::is_convertible_v<decltype(&T::hook), void (T::*)(EventClass&)>>>   \
      : std::true_type {};                                                                                   \
  template <class T>                                                                                         \
  constexpr auto find_##hook()->kairos_status (*)(void*, kairos_call*, const Raw*) {                         \
    static_assert(Names_##hook<T>::value == Has_##hook<T>::value,                                            \
                  "kairos: a hook has the wrong signature; write it as: void " #hook "(kairos::" #EventClass \
                  "&)");                                                                                     \
    if constexpr (Has_##hook<T>::value)                                                                      \
      return &call_hook<T, EventClass, Raw, static_cast<void (T::*)(EventClass&)>(&T::hook)>;                \
    else                                                                                                     \
      return nullptr;                                                                                        \
  }
#include "kairos/abi/hook_list.inc"

#define X(hook, EventClass, Raw, place) || Has_##hook<T>::value
template <class T>
inline constexpr bool has_any_hook = false
#include "kairos/abi/hook_list.inc"
    ;

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

template <class T, class = void>
struct Has_id : std::false_type {};
template <class T>
struct Has_id<T, std::void_t<decltype(T::id)>> : std::true_type {};

template <class T>
constexpr bool check_callback() {
  static_assert(
      std::is_base_of_v<Callback<T>, T>,
      "kairos: a callback must derive from kairos::Callback of itself: struct Mine : kairos::Callback<Mine>");
  static_assert(std::is_trivially_destructible_v<T>,
                "kairos: a callback may only have options, states and plain values as members; wrap a "
                "std::string, std::vector or std::ofstream in kairos::Owned<T> name{this}, or in "
                "kairos::State<T> to save it with the run");
#define X(hook, EventClass, Raw, place) static_cast<void>(find_##hook<T>());
#include "kairos/abi/hook_list.inc"
  static_assert(has_any_hook<T>,
                "kairos: this callback has no hook; see kairos/callback.hpp for the names of hooks");
  static_assert(Has_id<T>::value,
                "kairos: a callback needs an id, reverse domain and name: "
                "static constexpr auto id = \"com.example.Mine\";");
  return true;
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
