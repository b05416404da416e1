// SPDX-License-Identifier: MIT
// Finds the hooks of a callback class at compile time.
#pragma once

#include <type_traits>

#include "kairos/artifact.hpp"
#include "kairos/batch.hpp"
#include "kairos/detail/near_misses.hpp"
#include "kairos/detail/trampoline.hpp"
#include "kairos/event.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

#define KAIROS_DETAIL_NEAR_MISS(name, hook) int name;

/// Has a member of every name that is looked for. Probe<T> inherits them and those of T: &Probe<T>::name is
/// valid only if T has no such name, neither itself nor from a base, because otherwise it is ambiguous.
struct Decoy {
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) int hook;
#include "kairos/abi/hook_list.inc"
  KAIROS_DETAIL_NEAR_MISSES(KAIROS_DETAIL_NEAR_MISS)
};
#undef KAIROS_DETAIL_NEAR_MISS

template <class T>
struct Probe : T, Decoy {};

// For each hook: Names_ (T has a member of that name), Has_ (the member has the hook's signature), Call_ and
// find_ (the C function). A hook may be inherited from a base, so Call_ calls it by name: a pointer to a
// member of a base cannot be a template argument.
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place)                                                     \
  template <class T, class = void>                                                                           \
  struct Names_##hook : std::true_type {};                                                                   \
  template <class T>                                                                                         \
  struct Names_##hook<T, std::void_t<decltype(&Probe<T>::hook)>> : std::false_type {};                       \
  template <class T, class = void>                                                                           \
  struct Has_##hook : std::false_type {};                                                                    \
  template <class T>                                                                                         \
  struct Has_##hook<T,                                                                                       \
                    std::enable_if_t<std::is_convertible_v<decltype(&T::hook), void (T::*)(EventClass&)>>>   \
      : std::true_type {};                                                                                   \
  template <class T>                                                                                         \
  struct Call_##hook {                                                                                       \
    static void on(T& callback, EventClass& event) { callback.hook(event); }                                 \
  };                                                                                                         \
  template <class T>                                                                                         \
  constexpr auto find_##hook()->kairos_status (*)(void*, kairos_call*, const Raw*) {                         \
    static_assert(Names_##hook<T>::value == Has_##hook<T>::value,                                            \
                  "kairos: a hook has the wrong signature; write it as: void " #hook "(kairos::" #EventClass \
                  "&)");                                                                                     \
    if constexpr (Has_##hook<T>::value)                                                                      \
      return &call_hook<T, EventClass, Raw, &Call_##hook<T>::on>;                                            \
    else                                                                                                     \
      return nullptr;                                                                                        \
  }
#include "kairos/abi/hook_list.inc"

template <class T>
inline constexpr bool has_any_hook = false
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) || Has_##hook<T>::value
#include "kairos/abi/hook_list.inc"
    ;

/// Whether T has a member of one of the names that are nearly hooks.
template <class T, class = void>
struct HasNearMiss : std::true_type {};
#define KAIROS_DETAIL_NEAR_MISS(name, hook) , decltype(&Probe<T>::name)
template <class T>
struct HasNearMiss<T, std::void_t<void KAIROS_DETAIL_NEAR_MISSES(KAIROS_DETAIL_NEAR_MISS)>>
    : std::false_type {};
#undef KAIROS_DETAIL_NEAR_MISS

#define KAIROS_DETAIL_NEAR_MISS(name, hook) \
  template <class T, class = void>          \
  struct Misses_##name : std::true_type {}; \
  template <class T>                        \
  struct Misses_##name<T, std::void_t<decltype(&Probe<T>::name)>> : std::false_type {};
KAIROS_DETAIL_NEAR_MISSES(KAIROS_DETAIL_NEAR_MISS)
#undef KAIROS_DETAIL_NEAR_MISS

/// Fails to compile for each member of T that is nearly a hook.
template <class T>
constexpr void refuse_near_misses() {
#define KAIROS_DETAIL_NEAR_MISS(name, hook)                                             \
  static_assert(std::is_same_v<decltype(Decoy::hook), int> && !Misses_##name<T>::value, \
                "kairos: " #name " is not a hook and would never be called; did you mean " #hook "?");
  KAIROS_DETAIL_NEAR_MISSES(KAIROS_DETAIL_NEAR_MISS)
#undef KAIROS_DETAIL_NEAR_MISS
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
