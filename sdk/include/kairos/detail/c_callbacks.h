/* SPDX-License-Identifier: MIT */
/* clang-format off */
/* For plugin.h: what an entry of a list of callbacks or hooks expands to, and the data that a plugin exports. */
#ifndef KAIROS_DETAIL_C_CALLBACKS_H
#define KAIROS_DETAIL_C_CALLBACKS_H

#include "../abi.h"
#include "c_lists.h"
#include "c_options.h"

/* Words for phases and capabilities. */
#define KAIROS_C_WORD_MEASURE_ "measure"
#define KAIROS_C_WORD_DECIDE_ "decide"
#define KAIROS_C_WORD_REPORT_ "report"
#define KAIROS_C_WORD_PERSIST_ "persist"
#define KAIROS_C_CAN_NOTHING_ 0
#define KAIROS_C_CAN_STOP_ KAIROS_CAN_STOP
#define KAIROS_C_CAN_SET_OPTIMIZER_ KAIROS_CAN_SET_OPTIMIZER
#define KAIROS_C_CAN_WRITE_WEIGHTS_ KAIROS_CAN_WRITE_WEIGHTS
#define KAIROS_C_CAN_WRITE_GRADIENTS_ KAIROS_CAN_WRITE_GRADIENTS
#define KAIROS_C_CAN_SAVE_MODEL_ KAIROS_CAN_SAVE_MODEL
#define KAIROS_C_CAN_WRITE_BATCH_ KAIROS_CAN_WRITE_BATCH
#define KAIROS_C_CAN_CONTROL_STEP_ KAIROS_CAN_CONTROL_STEP
#define KAIROS_C_CAN_SAVE_RUN_ KAIROS_CAN_SAVE_RUN
#define KAIROS_C_CAN_RUN_COMMANDS_ KAIROS_CAN_RUN_COMMANDS
#define KAIROS_C_JSON_CAN_NOTHING_ ""
#define KAIROS_C_JSON_CAN_STOP_ ",\"stop\""
#define KAIROS_C_JSON_CAN_SET_OPTIMIZER_ ",\"set_optimizer\""
#define KAIROS_C_JSON_CAN_WRITE_WEIGHTS_ ",\"write_weights\""
#define KAIROS_C_JSON_CAN_WRITE_GRADIENTS_ ",\"write_gradients\""
#define KAIROS_C_JSON_CAN_SAVE_MODEL_ ",\"save_model\""
#define KAIROS_C_JSON_CAN_WRITE_BATCH_ ",\"write_batch\""
#define KAIROS_C_JSON_CAN_CONTROL_STEP_ ",\"control_step\""
#define KAIROS_C_JSON_CAN_SAVE_RUN_ ",\"save_run\""
#define KAIROS_C_JSON_CAN_RUN_COMMANDS_ ",\"run_commands\""

#define KAIROS_C_BITS_CAN(...) (0 KAIROS_C_EACH_(KAIROS_C_OR_CAN_, __VA_ARGS__))
#define KAIROS_C_OR_CAN_(word) | KAIROS_C_CAN_##word##_
#define KAIROS_C_JSON_CAN(...) ",\"capabilities\":[null" KAIROS_C_EACH_(KAIROS_C_JSON_CAN_, __VA_ARGS__) "]"
#define KAIROS_C_JSON_CAN_(word) KAIROS_C_JSON_CAN_##word##_

/* What may follow the hooks of a callback: fields of its declaration, members in JSON. */
#define KAIROS_C_CALLBACK_NONE
#define KAIROS_C_CALLBACK_PUBLISHES(...) .publishes = KAIROS_C_JOIN_(__VA_ARGS__),
#define KAIROS_C_CALLBACK_STATE(version, oldest) .state_version = version, .oldest_state_version = oldest,
#define KAIROS_C_CALLBACK_EVERY_RANK .flags = KAIROS_CALLBACK_EVERY_RANK,
#define KAIROS_C_CALLBACK_ALIASES(...) .aliases = KAIROS_C_JOIN_(__VA_ARGS__),
#define KAIROS_C_CALLBACK_BEFORE(...) .before = KAIROS_C_JOIN_(__VA_ARGS__),
#define KAIROS_C_CALLBACK_AFTER(...) .after = KAIROS_C_JOIN_(__VA_ARGS__),
#define KAIROS_C_JSON_CALLBACK_NONE ""
#define KAIROS_C_JSON_CALLBACK_PUBLISHES(...) ",\"publishes\":" KAIROS_C_JSON_LIST_(__VA_ARGS__)
#define KAIROS_C_JSON_CALLBACK_STATE(version, oldest) ",\"state_version\":" #version ",\"oldest_state_version\":" #oldest
#define KAIROS_C_JSON_CALLBACK_EVERY_RANK ",\"flags\":[\"every_rank\"]"
#define KAIROS_C_JSON_CALLBACK_ALIASES(...) ",\"aliases\":" KAIROS_C_JSON_LIST_(__VA_ARGS__)
#define KAIROS_C_JSON_CALLBACK_BEFORE(...) ",\"before\":" KAIROS_C_JSON_LIST_(__VA_ARGS__)
#define KAIROS_C_JSON_CALLBACK_AFTER(...) ",\"after\":" KAIROS_C_JSON_LIST_(__VA_ARGS__)

#define KAIROS_C_SLOT_(callback, hook) .hook = callback##_##hook,
#define KAIROS_C_JSON_HOOK_(callback, hook) ",\"" #hook "\""

/* Pass 1 over the callbacks: the tables. */
#define KAIROS_C_TABLE_(...) KAIROS_C_TABLE2_(__VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 0)
#define KAIROS_C_TABLE2_(name, id_text, summary_text, PHASE, can, OPTIONS, HOOKS, a, b, c, d, e, f, g, ...)     \
  static const kairos_hooks kairos_c_hooks_##name = {                                                  \
      .size = sizeof(kairos_hooks), .create = name##_create, .destroy = name##_destroy, HOOKS(KAIROS_C_SLOT_)}; \
  static const kairos_callback kairos_c_callback_##name = {                                            \
      .size = sizeof(kairos_callback),                                                                 \
      .phase = KAIROS_PHASE_##PHASE,                                                                   \
      .capabilities = KAIROS_C_BITS_##can,                                                             \
      .id = id_text,                                                                                   \
      .summary = summary_text,                                                                         \
      .options = kairos_c_options_##name,                                                              \
      .option_count = (uint32_t)offsetof(struct kairos_c_indices_##name, kairos_c_count),              \
      .hooks = &kairos_c_hooks_##name,                                                                 \
      KAIROS_C_CALLBACK_##a KAIROS_C_CALLBACK_##b KAIROS_C_CALLBACK_##c KAIROS_C_CALLBACK_##d          \
      KAIROS_C_CALLBACK_##e KAIROS_C_CALLBACK_##f KAIROS_C_CALLBACK_##g};

/* Pass 2: pointers to them. */
#define KAIROS_C_CALLBACK_POINTER_(name, ...) &kairos_c_callback_##name,

/* Pass 3: JSON. */
#define KAIROS_C_JSON_CALLBACK_(...) KAIROS_C_JSON_CALLBACK2_(__VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 0)
#define KAIROS_C_JSON_CALLBACK2_(name, id_text, summary_text, PHASE, can, OPTIONS, HOOKS, a, b, c, d, e, f, g, ...)                 \
  ",{\"id\":\"" id_text "\",\"summary\":\"" summary_text "\",\"phase\":\"" KAIROS_C_WORD_##PHASE##_ "\"" KAIROS_C_JSON_##can \
  KAIROS_C_JSON_CALLBACK_##a KAIROS_C_JSON_CALLBACK_##b KAIROS_C_JSON_CALLBACK_##c KAIROS_C_JSON_CALLBACK_##d              \
  KAIROS_C_JSON_CALLBACK_##e KAIROS_C_JSON_CALLBACK_##f KAIROS_C_JSON_CALLBACK_##g                                         \
  ",\"hooks\":[null" HOOKS(KAIROS_C_JSON_HOOK_) "],\"options\":[null"                                                      \
  OPTIONS(KAIROS_C_JSON_DEFAULT_, KAIROS_C_JSON_REQUIRED_, KAIROS_C_JSON_UNSET_) "]}"

/* JSON lists begin with a null, which readers skip, so that every entry can begin with a comma. */
#define KAIROS_C_MANIFEST_(version_text, CALLBACKS)                                                    \
  "{\"version\":\"" version_text "\",\"sdk\":\"" KAIROS_SDK_VERSION "\",\"compiler\":\"" __VERSION__   \
  "\",\"callbacks\":[null" CALLBACKS(KAIROS_C_JSON_CALLBACK_) "]}"

/* The exported data. `manifest` is a string literal. */
#define KAIROS_C_EXPORT_(version_text, manifest)                                                       \
  extern const kairos_plugin kairos_plugin_v1;                                                         \
  __attribute__((used, visibility("default"))) const kairos_plugin kairos_plugin_v1 = {                \
      .magic = KAIROS_PLUGIN_MAGIC,                                                                    \
      .size = sizeof(kairos_plugin),                                                                   \
      .major = KAIROS_ABI_MAJOR,                                                                       \
      .minor_required = KAIROS_TARGET_MINOR,                                                           \
      .minor_built = KAIROS_ABI_MINOR,                                                                 \
      .version = version_text,                                                                         \
      .callbacks = kairos_c_callbacks,                                                                 \
      .callback_count = sizeof kairos_c_callbacks / sizeof kairos_c_callbacks[0]};                     \
  struct kairos_c_manifest {                                                                           \
    kairos_manifest_header header;                                                                     \
    char text[sizeof manifest];                                                                        \
  };                                                                                                   \
  extern const struct kairos_c_manifest kairos_manifest_v1;                                            \
  __attribute__((used, visibility("hidden"))) const struct kairos_c_manifest kairos_manifest_v1 = {    \
      {sizeof manifest - 1, 0}, manifest};                                                             \
  KAIROS_NOTE(kairos_manifest_v1);

#endif
