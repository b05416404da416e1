// SPDX-License-Identifier: MIT
// The header for plugins in C++17: callbacks, options, state, events, and the macro KAIROS_PLUGIN.
#pragma once

#include "kairos/abi.h"
#include "kairos/about.hpp"
#include "kairos/artifact.hpp"
#include "kairos/average.hpp"
#include "kairos/batch.hpp"
#include "kairos/callback.hpp"
#include "kairos/detail/entry.hpp"
#include "kairos/detail/manifest.hpp"
#include "kairos/error.hpp"
#include "kairos/event.hpp"
#include "kairos/option.hpp"
#include "kairos/option_list.hpp"
#include "kairos/owned.hpp"
#include "kairos/state.hpp"
#include "kairos/tasks.hpp"
#include "kairos/tensor.hpp"
#include "kairos/trial.hpp"

/// KAIROS_PLUGIN("1.0.0", First, Second): use it once per shared object, at namespace scope, after the
/// callbacks. Defines the entry symbol, the manifest and the ELF note, all as constant data.
#define KAIROS_PLUGIN(version_text, ...) KAIROS_PLUGIN_ABOUT(version_text, ::kairos::About(), __VA_ARGS__)

/// The same with what the author tells about the plugin; see kairos/about.hpp.
#define KAIROS_PLUGIN_ABOUT(version_text, about_texts, ...)                                        \
  static_assert(::kairos::detail::check_callbacks<__VA_ARGS__>(version_text),                      \
                "kairos: KAIROS_PLUGIN begins with the version of the plugin, such as \"1.0.0\""); \
  namespace {                                                                                      \
  struct KairosPluginFacts {                                                                       \
    static constexpr const char* version = version_text;                                           \
    static constexpr ::kairos::About about = about_texts;                                          \
  };                                                                                               \
  }                                                                                                \
  extern "C" {                                                                                     \
  __attribute__((used, visibility("hidden"))) extern constexpr auto kairos_manifest_v1 =           \
      ::kairos::detail::make_manifest<KairosPluginFacts, __VA_ARGS__>();                           \
  __attribute__((used, visibility("default"))) extern constexpr kairos_plugin kairos_plugin_v1 =   \
      ::kairos::detail::make_plugin<KairosPluginFacts, __VA_ARGS__>();                             \
  }                                                                                                \
  KAIROS_NOTE(kairos_manifest_v1);
