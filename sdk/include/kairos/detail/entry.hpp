// SPDX-License-Identifier: MIT
// The constant tables that kairos_plugin_v1 refers to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "kairos/detail/traits.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

template <class T>
constexpr std::uint32_t option_count() {
  T callback{};
  return callback.options.count;
}

template <class T>
constexpr bool has_state() {
  T callback{};
  return callback.states.count > 0;
}

template <class T>
constexpr kairos_hooks make_hooks() {
  kairos_hooks hooks{};
  hooks.size = sizeof hooks;
  hooks.create = &create<T>;
  hooks.destroy = &destroy<T>;
  if constexpr (has_state<T>()) {
    hooks.state_save = &state_save<T>;
    hooks.state_load = &state_load<T, Declared_state_version<T>::value>;
  }
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) hooks.hook = find_##hook<T>();
#include "kairos/abi/hook_list.inc"
  return hooks;
}

/// Whether the callbacks of a plugin have different ids.
template <class... Callbacks>
constexpr bool have_different_ids() {
  const std::string_view ids[] = {Callbacks::id...};
  for (std::size_t i = 0; i < sizeof...(Callbacks); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (ids[i] == ids[j]) return false;
  return true;
}

/// Evaluated before anything else is instantiated, so that its messages are the compiler's first ones.
template <class... Callbacks>
constexpr bool check_callbacks(std::string_view version) {
  static_assert(sizeof...(Callbacks) > 0,
                "kairos: KAIROS_PLUGIN(version, Callback, …) needs at least one callback");
  static_assert((check_callback<Callbacks>() && ...));
  if constexpr ((Has_id<Callbacks>::value && ...))
    static_assert(have_different_ids<Callbacks...>(),
                  "kairos: two callbacks of this plugin have the same id");
  return !version.empty() && is_line(version);
}

/// Static data of one callback class.
template <class T>
struct Tables {
  static constexpr std::size_t count = option_count<T>();

  static constexpr std::array<kairos_option, count + 1> make_options() {
    std::array<kairos_option, count + 1> out{};
    T prototype{};
    std::size_t i = 0;
    for (const OptionBase* option = prototype.options.first; option != nullptr; option = option->next)
      out[i++] = option->declaration();
    return out;
  }
  static constexpr std::array<kairos_option, count + 1> options = make_options();

  template <std::size_t... i>
  static constexpr std::array<const kairos_option*, count + 1> make_pointers(std::index_sequence<i...>) {
    return {&options[i]..., nullptr};
  }
  static constexpr std::array<const kairos_option*, count + 1> option_pointers =
      make_pointers(std::make_index_sequence<count>());

  static constexpr kairos_hooks hooks = make_hooks<T>();

  static constexpr kairos_callback callback = {sizeof(kairos_callback),
                                               static_cast<std::int32_t>(Declared_phase<T>::value),
                                               static_cast<std::uint64_t>(Declared_capabilities<T>::value),
                                               T::id,
                                               Declared_summary<T>::value,
                                               Declared_publishes<T>::value,
                                               has_state<T>() ? Declared_state_version<T>::value : 0,
                                               has_state<T>() ? Declared_oldest_state_version<T>::value : 0,
                                               option_pointers.data(),
                                               static_cast<std::uint32_t>(count),
                                               Declared_every_rank<T>::value ? KAIROS_CALLBACK_EVERY_RANK : 0,
                                               &hooks,
                                               Declared_aliases<T>::value,
                                               Declared_before<T>::value,
                                               Declared_after<T>::value};
};

template <class... Callbacks>
inline constexpr std::array<const kairos_callback*, sizeof...(Callbacks)> callback_pointers = {
    &Tables<Callbacks>::callback...};

template <class Facts, class... Callbacks>
constexpr kairos_plugin make_plugin() {
  return {KAIROS_PLUGIN_MAGIC,
          sizeof(kairos_plugin),
          KAIROS_ABI_MAJOR,
          KAIROS_TARGET_MINOR,
          KAIROS_ABI_MINOR,
          0,
          Facts::version,
          callback_pointers<Callbacks...>.data(),
          static_cast<std::uint32_t>(sizeof...(Callbacks)),
          0};
}

}  // namespace detail
}  // namespace v1
}  // namespace kairos
