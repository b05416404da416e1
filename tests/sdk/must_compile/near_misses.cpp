// SPDX-License-Identifier: MIT
// Every name in the list of near misses is noticed, and means a hook; a hook is none of them.
#include <kairos/plugin.hpp>

namespace detail = kairos::detail;

struct Right : kairos::Callback<Right> {
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) \
  void hook(kairos::EventClass&) {}
#include <kairos/abi/hook_list.inc>
};
static_assert(!detail::HasNearMiss<Right>::value);

#define CHECK(name, hook)                                    \
  struct Wrong_##name : kairos::Callback<Wrong_##name> {     \
    void name(kairos::Epoch&) {}                             \
  };                                                         \
  static_assert(detail::HasNearMiss<Wrong_##name>::value);   \
  static_assert(detail::Misses_##name<Wrong_##name>::value); \
  static_assert(detail::Has_##hook<Right>::value);
KAIROS_DETAIL_NEAR_MISSES(CHECK)
