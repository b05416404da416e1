/* SPDX-License-Identifier: MIT */
/* clang-format off */
/* The header for plugins in C11: macros that generate the tables, the manifest and the note from one list of options and one list
 * of hooks. Everything they generate is constant data.
 *
 *   #include <kairos/plugin.h>
 *   #define OPTIONS(INT, FLOAT, BOOL, TEXT) INT(every, 1, "print every n epochs")
 *   KAIROS_C_OPTIONS(OPTIONS)
 *   static kairos_status create(const kairos_host *host, kairos_call *call, void **self) { … KAIROS_C_INDEX(every) … }
 *   static void destroy(void *self) { … }
 *   static kairos_status on_epoch_end(void *self, kairos_call *call, const kairos_epoch_event *event) { … }
 *   #define HOOKS(HOOK) HOOK(on_epoch_end)
 *   KAIROS_C_PLUGIN("1.0.0", "com.example.Hello", "Greets.", REPORT, OPTIONS, HOOKS)
 *
 *   OPTIONS  one entry kind(name, default, "help") per option: INT(n, 10, "…"), FLOAT(x, 1e-4, "…"), BOOL(b, 1, "…") with 0 or 1,
 *            TEXT(t, "text", "…"). KAIROS_C_NO_OPTIONS is the empty list. KAIROS_C_INDEX(name) is the index for host->option.
 *   PATHS    for KAIROS_C_OPTIONS_AND_PATHS(OPTIONS, PATHS) and KAIROS_C_PLUGIN_WITH_PATHS(…, OPTIONS, PATHS, HOOKS):
 *            #define PATHS(INPUT, OUTPUT, DIRECTORY, SAVED) OUTPUT(log, "log.csv", "file to write")
 *            The callback reads INPUT, writes OUTPUT, creates files in DIRECTORY, and passes SAVED to save() of kairos.model/1. The
 *            default "" means no file. The host rejects written files that would replace data or another result.
 *   HOOKS    HOOK(name) for each hook of this file, in the order of kairos_hooks (abi/plugin.h)
 *   phase    MEASURE, DECIDE, REPORT or PERSIST, with the default capabilities of plugin.hpp
 * Help and other texts must not contain quotation marks or backslashes. Numbers use JSON's syntax (0.5, not .5 or 0.5f). Bounds,
 * aliases, metrics, state and several callbacks need plugin.hpp, or tables of abi.h written by hand.                          */
#ifndef KAIROS_PLUGIN_H
#define KAIROS_PLUGIN_H

#include "abi.h"

#define KAIROS_C_NO_OPTIONS(INT, FLOAT, BOOL, TEXT)
#define KAIROS_C_NO_PATHS(INPUT, OUTPUT, DIRECTORY, SAVED)
#define KAIROS_C_INDEX(name) kairos_c_index_##name

/* Phases: the word in the manifest, and the capabilities as bits and as JSON. */
#define KAIROS_C_WORD_MEASURE_ "measure"
#define KAIROS_C_WORD_DECIDE_ "decide"
#define KAIROS_C_WORD_REPORT_ "report"
#define KAIROS_C_WORD_PERSIST_ "persist"
#define KAIROS_C_CAN_MEASURE_ 0
#define KAIROS_C_CAN_DECIDE_ (KAIROS_CAN_STOP | KAIROS_CAN_SET_OPTIMIZER)
#define KAIROS_C_CAN_REPORT_ 0
#define KAIROS_C_CAN_PERSIST_ KAIROS_CAN_SAVE_MODEL
#define KAIROS_C_CANS_MEASURE_ ""
#define KAIROS_C_CANS_DECIDE_ ",\"capabilities\":[\"stop\",\"set_optimizer\"]"
#define KAIROS_C_CANS_REPORT_ ""
#define KAIROS_C_CANS_PERSIST_ ",\"capabilities\":[\"save_model\"]"

/* Each OPTIONS entry expands to an index, a declaration, a pointer to it, and a manifest entry. */
#define KAIROS_C_ENUM_(name, initial, help) kairos_c_index_##name,
#define KAIROS_C_NOTHING_ {0, 0, 0, 0.0, {0, 0}}
#define KAIROS_C_DECLARE_(name, kind, flags, help, integer, number, ptr, length)                \
  static const kairos_option kairos_c_option_##name = {                                         \
      sizeof(kairos_option), flags, kind, 0, #name, help, 0, 0, 0,                              \
      {kind, 0, integer, number, {ptr, length}}, KAIROS_C_NOTHING_, KAIROS_C_NOTHING_};
#define KAIROS_C_INT_(name, initial, help) KAIROS_C_DECLARE_(name, KAIROS_TYPE_INT, 0, help, initial, 0.0, 0, 0)
#define KAIROS_C_FLOAT_(name, initial, help) KAIROS_C_DECLARE_(name, KAIROS_TYPE_FLOAT, 0, help, 0, initial, 0, 0)
#define KAIROS_C_BOOL_(name, initial, help) KAIROS_C_DECLARE_(name, KAIROS_TYPE_BOOL, 0, help, initial, 0.0, 0, 0)
#define KAIROS_C_TEXT_(name, initial, help) \
  KAIROS_C_DECLARE_(name, KAIROS_TYPE_STRING, 0, help, 0, 0.0, initial, sizeof(initial) - 1)
#define KAIROS_C_PATH_(name, flags, initial, help) \
  KAIROS_C_DECLARE_(name, KAIROS_TYPE_PATH, flags, help, 0, 0.0, initial, sizeof(initial) - 1)
#define KAIROS_C_INPUT_(name, initial, help) KAIROS_C_PATH_(name, KAIROS_OPTION_READS, initial, help)
#define KAIROS_C_OUTPUT_(name, initial, help) KAIROS_C_PATH_(name, KAIROS_OPTION_WRITES, initial, help)
#define KAIROS_C_DIRECTORY_(name, initial, help) \
  KAIROS_C_PATH_(name, KAIROS_OPTION_WRITES | KAIROS_OPTION_DIRECTORY, initial, help)
#define KAIROS_C_SAVED_(name, initial, help) KAIROS_C_PATH_(name, KAIROS_OPTION_WRITES | KAIROS_OPTION_SAVES, initial, help)
#define KAIROS_C_POINTER_(name, initial, help) &kairos_c_option_##name,
#define KAIROS_C_JSON_(name, kind, initial, help) \
  ",{\"name\":\"" #name "\",\"type\":\"" kind "\",\"help\":\"" help "\",\"default\":" initial "}"
#define KAIROS_C_JSON_INT_(name, initial, help) KAIROS_C_JSON_(name, "int", #initial, help)
#define KAIROS_C_JSON_FLOAT_(name, initial, help) KAIROS_C_JSON_(name, "float", #initial, help)
#define KAIROS_C_JSON_BOOL_(name, initial, help) KAIROS_C_JSON_(name, "bool", KAIROS_C_JSON_BOOL_##initial##_, help)
#define KAIROS_C_JSON_BOOL_0_ "false"
#define KAIROS_C_JSON_BOOL_1_ "true"
#define KAIROS_C_JSON_TEXT_(name, initial, help) KAIROS_C_JSON_(name, "string", "\"" initial "\"", help)
#define KAIROS_C_JSON_PATH_(name, flags, initial, help) \
  ",{\"name\":\"" #name "\",\"type\":\"path\",\"help\":\"" help "\",\"flags\":[" flags "],\"default\":\"" initial "\"}"
#define KAIROS_C_JSON_INPUT_(name, initial, help) KAIROS_C_JSON_PATH_(name, "\"reads\"", initial, help)
#define KAIROS_C_JSON_OUTPUT_(name, initial, help) KAIROS_C_JSON_PATH_(name, "\"writes\"", initial, help)
#define KAIROS_C_JSON_DIRECTORY_(name, initial, help) KAIROS_C_JSON_PATH_(name, "\"writes\",\"directory\"", initial, help)
#define KAIROS_C_JSON_SAVED_(name, initial, help) KAIROS_C_JSON_PATH_(name, "\"writes\",\"saves\"", initial, help)

/* Each HOOKS entry expands to a slot of the table and a manifest entry. */
#define KAIROS_C_SLOT_(hook) .hook = hook,
#define KAIROS_C_JSON_HOOK_(hook) ",\"" #hook "\""

#define KAIROS_C_OPTIONS(OPTIONS) KAIROS_C_OPTIONS_AND_PATHS(OPTIONS, KAIROS_C_NO_PATHS)
#define KAIROS_C_OPTIONS_AND_PATHS(OPTIONS, PATHS)                                                       \
  enum {                                                                                                 \
    OPTIONS(KAIROS_C_ENUM_, KAIROS_C_ENUM_, KAIROS_C_ENUM_, KAIROS_C_ENUM_)                              \
    PATHS(KAIROS_C_ENUM_, KAIROS_C_ENUM_, KAIROS_C_ENUM_, KAIROS_C_ENUM_) kairos_c_option_count          \
  };                                                                                                     \
  OPTIONS(KAIROS_C_INT_, KAIROS_C_FLOAT_, KAIROS_C_BOOL_, KAIROS_C_TEXT_)                                \
  PATHS(KAIROS_C_INPUT_, KAIROS_C_OUTPUT_, KAIROS_C_DIRECTORY_, KAIROS_C_SAVED_)                         \
  static const kairos_option *const kairos_c_options[] = {                                               \
      OPTIONS(KAIROS_C_POINTER_, KAIROS_C_POINTER_, KAIROS_C_POINTER_, KAIROS_C_POINTER_)                \
      PATHS(KAIROS_C_POINTER_, KAIROS_C_POINTER_, KAIROS_C_POINTER_, KAIROS_C_POINTER_) 0};

/* JSON lists begin with a null, which readers skip, so that every entry can begin with a comma. */
#define KAIROS_C_MANIFEST_(version_text, id_text, summary_text, PHASE, OPTIONS, PATHS, HOOKS)                           \
  "{\"version\":\"" version_text "\",\"sdk\":\"" KAIROS_SDK_VERSION "\",\"compiler\":\"" __VERSION__             \
  "\",\"callbacks\":[{\"id\":\"" id_text "\",\"summary\":\"" summary_text                                        \
  "\",\"phase\":\"" KAIROS_C_WORD_##PHASE##_ "\"" KAIROS_C_CANS_##PHASE##_                                       \
  ",\"hooks\":[null" HOOKS(KAIROS_C_JSON_HOOK_) "],\"options\":[null" OPTIONS(                                   \
      KAIROS_C_JSON_INT_, KAIROS_C_JSON_FLOAT_, KAIROS_C_JSON_BOOL_, KAIROS_C_JSON_TEXT_)                        \
      PATHS(KAIROS_C_JSON_INPUT_, KAIROS_C_JSON_OUTPUT_, KAIROS_C_JSON_DIRECTORY_, KAIROS_C_JSON_SAVED_) "]}]}"

#define KAIROS_C_PLUGIN(version_text, id_text, summary_text, PHASE, OPTIONS, HOOKS) \
  KAIROS_C_PLUGIN_WITH_PATHS(version_text, id_text, summary_text, PHASE, OPTIONS, KAIROS_C_NO_PATHS, HOOKS)

#define KAIROS_C_PLUGIN_WITH_PATHS(version_text, id_text, summary_text, PHASE, OPTIONS, PATHS, HOOKS)            \
  static const kairos_hooks kairos_c_hooks = {                                                                   \
      .size = sizeof(kairos_hooks), .create = create, .destroy = destroy, HOOKS(KAIROS_C_SLOT_)};                \
  static const kairos_callback kairos_c_callback = {.size = sizeof(kairos_callback),                             \
                                                    .phase = KAIROS_PHASE_##PHASE,                               \
                                                    .capabilities = KAIROS_C_CAN_##PHASE##_,                     \
                                                    .id = id_text,                                               \
                                                    .summary = summary_text,                                     \
                                                    .options = kairos_c_options,                                 \
                                                    .option_count = kairos_c_option_count,                       \
                                                    .hooks = &kairos_c_hooks};                                   \
  static const kairos_callback *const kairos_c_callbacks[] = {&kairos_c_callback};                               \
  extern const kairos_plugin kairos_plugin_v1;                                                                   \
  __attribute__((used, visibility("default"))) const kairos_plugin kairos_plugin_v1 = {                          \
      .magic = KAIROS_PLUGIN_MAGIC,                                                                              \
      .size = sizeof(kairos_plugin),                                                                             \
      .major = KAIROS_ABI_MAJOR,                                                                                 \
      .minor_required = KAIROS_TARGET_MINOR,                                                                     \
      .minor_built = KAIROS_ABI_MINOR,                                                                           \
      .version = version_text,                                                                                   \
      .callbacks = kairos_c_callbacks,                                                                           \
      .callback_count = 1};                                                                                      \
  struct kairos_c_manifest {                                                                                     \
    kairos_manifest_header header;                                                                               \
    char text[sizeof KAIROS_C_MANIFEST_(version_text, id_text, summary_text, PHASE, OPTIONS, PATHS, HOOKS)];            \
  };                                                                                                             \
  extern const struct kairos_c_manifest kairos_manifest_v1;                                                      \
  __attribute__((used, visibility("hidden"))) const struct kairos_c_manifest kairos_manifest_v1 = {              \
      {sizeof KAIROS_C_MANIFEST_(version_text, id_text, summary_text, PHASE, OPTIONS, PATHS, HOOKS) - 1, 0},            \
      KAIROS_C_MANIFEST_(version_text, id_text, summary_text, PHASE, OPTIONS, PATHS, HOOKS)};                           \
  KAIROS_NOTE(kairos_manifest_v1);

#endif
