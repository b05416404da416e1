// SPDX-License-Identifier: MIT
// What a callback class declares, read at compile time, and the sentences for what it declares wrongly.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kairos/callback.hpp"
#include "kairos/detail/trampoline.hpp"
#include "kairos/event.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

// Each hook gets three questions: has T a member of that name at all, is it the hook, and which function is
// it. The first works by ambiguity: &Probe<T>::name is valid only if T has no such name of its own.
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
#undef KAIROS_DETAIL_OPTIONAL

template <class T, class = void>
struct Has_id : std::false_type {};
template <class T>
struct Has_id<T, std::void_t<decltype(T::id)>> : std::true_type {};

template <class T>
constexpr bool check_callback() {
  static_assert(
      std::is_base_of_v<Callback<T>, T>,
      "kairos: a callback derives from kairos::Callback<itself>: struct Mine : kairos::Callback<Mine>");
  static_assert(std::is_trivially_destructible_v<T>,
                "kairos: a callback holds options, states and plain values; put a std::string, std::vector, "
                "std::ofstream or the "
                "like into kairos::Owned<T> name{this}, or into kairos::State<T> if it is to be saved");
#define X(hook, EventClass, Raw, place) static_cast<void>(find_##hook<T>());
#include "kairos/abi/hook_list.inc"
  static_assert(has_any_hook<T>,
                "kairos: this callback has no hook that the host could call; see kairos/callback.hpp");
  static_assert(Has_id<T>::value,
                "kairos: a callback has an id: static constexpr auto id = \"com.example.Mine\"; reverse "
                "domain and name");
  return true;
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
