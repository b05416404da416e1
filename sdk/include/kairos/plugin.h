/* SPDX-License-Identifier: MIT */
/* clang-format off */
/* The header for plugins in C11: macros that generate the tables, the manifest and the note from lists of options, hooks and
 * callbacks. Everything they generate is constant data.
 *
 *   #include <kairos/plugin.h>
 *   #define HELLO_OPTIONS(OPTION, REQUIRED, UNSET) OPTION(INT, every, 1, "print every n epochs", AT_LEAST(1))
 *   KAIROS_C_CALLBACK_OPTIONS(hello, HELLO_OPTIONS)
 *
 *   typedef struct hello { const kairos_host *host; int64_t every; } hello;
 *   static kairos_status hello_init(hello *me, const kairos_host *host, kairos_call *call) { … }
 *   KAIROS_C_INSTANCE(hello, hello)
 *   static kairos_status hello_on_epoch_end(void *self, kairos_call *call, const kairos_epoch_event *event) { … }
 *
 *   #define HELLO_HOOKS(HOOK) HOOK(hello, on_epoch_end)
 *   #define CALLBACKS(CALLBACK) \
 *     CALLBACK(hello, "com.example.Hello", "Greets.", REPORT, CAN(NOTHING), HELLO_OPTIONS, HELLO_HOOKS)
 *   KAIROS_C_CALLBACKS("1.0.0", CALLBACKS)
 *
 * Options. KAIROS_C_NO_OPTIONS is the empty list.
 *   OPTION(kind, name, default, "help", …)   an option with a default
 *   REQUIRED(kind, name, "help", …)          one that the user must set
 *   UNSET(kind, name, "help", …)             one that has no value unless the user sets it (KAIROS_TYPE_ABSENT)
 *     kind     INT, FLOAT, BOOL (default 0 or 1), TEXT, CHOICE, DURATION (nanoseconds), METRIC, EXPRESSION, PATH;
 *              lists, with a default such as "1,2", whose items kairos.options/1 gives: INTS, FLOATS, BOOLS, TEXTS, CHOICES,
 *              DURATIONS; and paths by use: INPUT is read, OUTPUT written, DIRECTORY a place for files that the callback creates, SAVED a
 *              path for save() of kairos.model/1
 *     …        up to six of AT_LEAST(x), AT_MOST(x), ABOVE(x), BELOW(x), UNIT("epochs"), ALIASES("a", "b"),
 *              CHOICES("auto", "min") of a CHOICE, VARIABLES("epoch", "lr") of an EXPRESSION, SECRET for a TEXT without a default
 *              (KAIROS_OPTION_SECRET), VOIDS_STATE (KAIROS_OPTION_STATE), DEPRECATED("why, and what to use instead")
 *   KAIROS_C_OPTION(hello, every)            its index, for host->option
 *   KAIROS_C_VALUE(host, hello, every)       its kairos_value: integer, number or text
 *
 * Hooks. HOOK(hello, hook) is the function hello_hook. List them in the order of kairos_hooks (abi/plugin.h). Every callback has
 * hello_create and hello_destroy. KAIROS_C_INSTANCE(hello, self_type) defines both: they allocate and free a zeroed self_type, and
 * call hello_init(me, host, call), which reads the options. It needs <stdlib.h>.
 *
 * Callbacks.
 *   CALLBACK(name, "id", "summary", PHASE, CAN(…), OPTIONS, HOOKS, …)
 *     PHASE    MEASURE, DECIDE, REPORT or PERSIST
 *     CAN      NOTHING, or STOP, SET_OPTIMIZER, WRITE_WEIGHTS, WRITE_GRADIENTS, SAVE_MODEL, WRITE_BATCH,
 *              CONTROL_STEP, SAVE_RUN, RUN_COMMANDS
 *     …        PUBLISHES("key", "other:max"), STATE(version, oldest version that it can load), EVERY_RANK,
 *              ALIASES("former id", …), BEFORE("id", …) and AFTER("id", …) of callbacks of the same phase
 *   KAIROS_C_STATE(hello, self_type, state_type, member) defines hello_state_save and hello_state_load for a state that is one
 *   member of the instance, without pointers. List both hooks, and STATE(1, 1) with the callback.
 *
 * Lists such as CHOICES and CAN have up to 16 entries. Texts must not contain quotation marks or backslashes. Numbers use JSON's
 * syntax (0.5, not .5 or 0.5f). A plugin leaves the process as it is; see abi/plugin.h. */
#ifndef KAIROS_PLUGIN_H
#define KAIROS_PLUGIN_H

#include "abi.h"
#include "detail/c_callbacks.h"
#include "detail/c_options.h"

#define KAIROS_C_NO_OPTIONS(...)

#define KAIROS_C_CALLBACK_OPTIONS(callback, OPTIONS)                                            \
  struct kairos_c_indices_##callback {                                                          \
    OPTIONS(KAIROS_C_MEMBER_, KAIROS_C_MEMBER_, KAIROS_C_MEMBER_)                               \
    char kairos_c_count;                                                                        \
  };                                                                                            \
  static const kairos_option *const kairos_c_options_##callback[] = {                           \
      OPTIONS(KAIROS_C_OPTION_DEFAULT_, KAIROS_C_OPTION_REQUIRED_, KAIROS_C_OPTION_UNSET_) 0};

#define KAIROS_C_OPTION(callback, name) ((uint32_t)offsetof(struct kairos_c_indices_##callback, name))
#define KAIROS_C_VALUE(host, callback, name) kairos_c_value((host), KAIROS_C_OPTION(callback, name))

/* A literal as kairos_str. */
#define KAIROS_C_TEXT(literal) ((kairos_str){literal, sizeof(literal) - 1})

#define KAIROS_C_INSTANCE(callback, self_type)                                                            \
  static kairos_status callback##_create(const kairos_host *host, kairos_call *call, void **self) {       \
    self_type *const me = (self_type *)calloc(1, sizeof(self_type));                                      \
    kairos_status status;                                                                                 \
    if (me == NULL) return host->fail(call, KAIROS_E_MEMORY, KAIROS_C_TEXT("out of memory"));             \
    status = callback##_init(me, host, call);                                                             \
    if (status == KAIROS_OK)                                                                              \
      *self = me;                                                                                         \
    else                                                                                                  \
      free(me);                                                                                           \
    return status;                                                                                        \
  }                                                                                                       \
  static void callback##_destroy(void *self) { free(self); }

#define KAIROS_C_STATE(callback, self_type, state_type, member)                                           \
  _Static_assert(sizeof(((const self_type *)0)->member) == sizeof(state_type),                            \
                 "kairos: the member of KAIROS_C_STATE must be of the state's type");                     \
  static kairos_status callback##_state_save(void *self, kairos_call *call, const kairos_writer *out) {   \
    const self_type *const me = (const self_type *)self;                                                  \
    (void)call;                                                                                           \
    return out->write(out->impl, &me->member, sizeof(state_type));                                        \
  }                                                                                                       \
  static kairos_status callback##_state_load(void *self, kairos_call *call, const kairos_reader *in) {    \
    self_type *const me = (self_type *)self;                                                              \
    state_type loaded;                                                                                    \
    const kairos_status status = kairos_c_read(in, &loaded, sizeof loaded);                               \
    (void)call;                                                                                           \
    if (status == KAIROS_OK) me->member = loaded;                                                         \
    return status;                                                                                        \
  }

#define KAIROS_C_CALLBACKS(version_text, CALLBACKS)                                                       \
  CALLBACKS(KAIROS_C_TABLE_)                                                                              \
  static const kairos_callback *const kairos_c_callbacks[] = {CALLBACKS(KAIROS_C_CALLBACK_POINTER_)};     \
  KAIROS_C_EXPORT_(version_text, KAIROS_C_MANIFEST_(version_text, CALLBACKS))

#ifdef __cplusplus
extern "C" {
#endif

/* The value of an option. */
static inline kairos_value kairos_c_value(const kairos_host *host, uint32_t index) {
  kairos_value value = {KAIROS_TYPE_ABSENT, 0, 0, 0.0, {0, 0}};
  host->option(host, index, &value);
  return value;
}

/* Reads a state of `size` bytes. KAIROS_E_DATA if the saved one has another size. */
static inline kairos_status kairos_c_read(const kairos_reader *in, void *out, uint64_t size) {
  uint64_t done = 0, got = 0;
  if (in->total != size) return KAIROS_E_DATA;
  while (done < size) {
    const kairos_status status = in->read(in->impl, (char *)out + done, size - done, &got);
    if (status != KAIROS_OK) return status;
    if (got == 0) return KAIROS_E_DATA;
    done += got;
  }
  return KAIROS_OK;
}

/* The number of elements of a tensor. */
static inline int64_t kairos_c_size(const kairos_tensor *tensor) {
  int64_t size = 1;
  for (int32_t axis = 0; axis < tensor->view.rank; ++axis) size *= tensor->view.shape[axis];
  return size;
}

/* The elements of a tensor in row-major order; null unless they are float32, in CPU memory and compact. */
static inline float *kairos_c_values(const kairos_tensor *tensor) {
  const kairos_view *const view = &tensor->view;
  if (view->dtype.code != 2 || view->dtype.bits != 32 || view->dtype.lanes != 1 || view->device.type != 1) return 0;
  if (view->strides != 0) {
    int64_t step = 1;
    for (int32_t axis = view->rank - 1; axis >= 0; --axis) {
      if (view->shape[axis] != 1 && view->strides[axis] != step) return 0;
      step *= view->shape[axis];
    }
  }
  return (float *)(void *)((char *)view->data + view->byte_offset);
}

#ifdef __cplusplus
}
#endif

/* The short form, for one callback whose options are numbers, texts and paths without bounds. Functions have the names of their
 * hooks, and the capabilities are the defaults of the phase in plugin.hpp.
 *
 *   #define OPTIONS(INT, FLOAT, BOOL, TEXT) INT(every, 1, "print every n epochs")
 *   KAIROS_C_OPTIONS(OPTIONS)                     or KAIROS_C_OPTIONS_AND_PATHS(OPTIONS, PATHS) with
 *                                                 #define PATHS(INPUT, OUTPUT, DIRECTORY, SAVED) OUTPUT(log, "log.csv", "help")
 *   … KAIROS_C_INDEX(every) is the index …
 *   #define HOOKS(HOOK) HOOK(on_epoch_end)
 *   KAIROS_C_PLUGIN("1.0.0", "com.example.Hello", "Greets.", REPORT, OPTIONS, HOOKS)
 *                                                 or KAIROS_C_PLUGIN_WITH_PATHS(…, OPTIONS, PATHS, HOOKS)            */
#define KAIROS_C_NO_PATHS(INPUT, OUTPUT, DIRECTORY, SAVED)
#define KAIROS_C_INDEX(name) ((uint32_t)offsetof(struct kairos_c_indices, name))

#define KAIROS_C_SHORT_CAN_MEASURE_ CAN(NOTHING)
#define KAIROS_C_SHORT_CAN_DECIDE_ CAN(STOP, SET_OPTIMIZER)
#define KAIROS_C_SHORT_CAN_REPORT_ CAN(NOTHING)
#define KAIROS_C_SHORT_CAN_PERSIST_ CAN(SAVE_MODEL)

#define KAIROS_C_SHORT_MEMBER_(name, initial, help) char name;
#define KAIROS_C_SHORT_INT_(name, initial, help) KAIROS_C_OPTION_DEFAULT_(INT, name, initial, help)
#define KAIROS_C_SHORT_FLOAT_(name, initial, help) KAIROS_C_OPTION_DEFAULT_(FLOAT, name, initial, help)
#define KAIROS_C_SHORT_BOOL_(name, initial, help) KAIROS_C_OPTION_DEFAULT_(BOOL, name, initial, help)
#define KAIROS_C_SHORT_TEXT_(name, initial, help) KAIROS_C_OPTION_DEFAULT_(TEXT, name, initial, help)
#define KAIROS_C_SHORT_INPUT_(name, initial, help) KAIROS_C_OPTION_DEFAULT_(INPUT, name, initial, help)
#define KAIROS_C_SHORT_OUTPUT_(name, initial, help) KAIROS_C_OPTION_DEFAULT_(OUTPUT, name, initial, help)
#define KAIROS_C_SHORT_DIRECTORY_(name, initial, help) KAIROS_C_OPTION_DEFAULT_(DIRECTORY, name, initial, help)
#define KAIROS_C_SHORT_SAVED_(name, initial, help) KAIROS_C_OPTION_DEFAULT_(SAVED, name, initial, help)
#define KAIROS_C_SHORT_JSON_INT_(name, initial, help) KAIROS_C_JSON_DEFAULT_(INT, name, initial, help)
#define KAIROS_C_SHORT_JSON_FLOAT_(name, initial, help) KAIROS_C_JSON_DEFAULT_(FLOAT, name, initial, help)
#define KAIROS_C_SHORT_JSON_BOOL_(name, initial, help) KAIROS_C_JSON_DEFAULT_(BOOL, name, initial, help)
#define KAIROS_C_SHORT_JSON_TEXT_(name, initial, help) KAIROS_C_JSON_DEFAULT_(TEXT, name, initial, help)
#define KAIROS_C_SHORT_JSON_INPUT_(name, initial, help) KAIROS_C_JSON_DEFAULT_(INPUT, name, initial, help)
#define KAIROS_C_SHORT_JSON_OUTPUT_(name, initial, help) KAIROS_C_JSON_DEFAULT_(OUTPUT, name, initial, help)
#define KAIROS_C_SHORT_JSON_DIRECTORY_(name, initial, help) KAIROS_C_JSON_DEFAULT_(DIRECTORY, name, initial, help)
#define KAIROS_C_SHORT_JSON_SAVED_(name, initial, help) KAIROS_C_JSON_DEFAULT_(SAVED, name, initial, help)
#define KAIROS_C_SHORT_SLOT_(hook) .hook = hook,
#define KAIROS_C_SHORT_JSON_HOOK_(hook) ",\"" #hook "\""
#define KAIROS_C_SHORT_BITS_(can) KAIROS_C_SHORT_BITS2_(can)
#define KAIROS_C_SHORT_BITS2_(can) KAIROS_C_BITS_##can
#define KAIROS_C_SHORT_JSON_(can) KAIROS_C_SHORT_JSON2_(can)
#define KAIROS_C_SHORT_JSON2_(can) KAIROS_C_JSON_##can

#define KAIROS_C_OPTIONS(OPTIONS) KAIROS_C_OPTIONS_AND_PATHS(OPTIONS, KAIROS_C_NO_PATHS)
#define KAIROS_C_OPTIONS_AND_PATHS(OPTIONS, PATHS)                                                                          \
  struct kairos_c_indices {                                                                                                 \
    OPTIONS(KAIROS_C_SHORT_MEMBER_, KAIROS_C_SHORT_MEMBER_, KAIROS_C_SHORT_MEMBER_, KAIROS_C_SHORT_MEMBER_)                 \
    PATHS(KAIROS_C_SHORT_MEMBER_, KAIROS_C_SHORT_MEMBER_, KAIROS_C_SHORT_MEMBER_, KAIROS_C_SHORT_MEMBER_)                   \
    char kairos_c_count;                                                                                                    \
  };                                                                                                                        \
  static const kairos_option *const kairos_c_options[] = {                                                                  \
      OPTIONS(KAIROS_C_SHORT_INT_, KAIROS_C_SHORT_FLOAT_, KAIROS_C_SHORT_BOOL_, KAIROS_C_SHORT_TEXT_)                       \
      PATHS(KAIROS_C_SHORT_INPUT_, KAIROS_C_SHORT_OUTPUT_, KAIROS_C_SHORT_DIRECTORY_, KAIROS_C_SHORT_SAVED_) 0};

#define KAIROS_C_PLUGIN(version_text, id_text, summary_text, PHASE, OPTIONS, HOOKS) \
  KAIROS_C_PLUGIN_WITH_PATHS(version_text, id_text, summary_text, PHASE, OPTIONS, KAIROS_C_NO_PATHS, HOOKS)

#define KAIROS_C_PLUGIN_WITH_PATHS(version_text, id_text, summary_text, PHASE, OPTIONS, PATHS, HOOKS)                       \
  static const kairos_hooks kairos_c_hooks = {                                                                              \
      .size = sizeof(kairos_hooks), .create = create, .destroy = destroy, HOOKS(KAIROS_C_SHORT_SLOT_)};                     \
  static const kairos_callback kairos_c_callback = {                                                                        \
      .size = sizeof(kairos_callback),                                                                                      \
      .phase = KAIROS_PHASE_##PHASE,                                                                                        \
      .capabilities = KAIROS_C_SHORT_BITS_(KAIROS_C_SHORT_CAN_##PHASE##_),                                                  \
      .id = id_text,                                                                                                        \
      .summary = summary_text,                                                                                              \
      .options = kairos_c_options,                                                                                          \
      .option_count = (uint32_t)offsetof(struct kairos_c_indices, kairos_c_count),                                          \
      .hooks = &kairos_c_hooks};                                                                                            \
  static const kairos_callback *const kairos_c_callbacks[] = {&kairos_c_callback};                                          \
  KAIROS_C_EXPORT_(version_text,                                                                                            \
      "{\"version\":\"" version_text "\",\"sdk\":\"" KAIROS_SDK_VERSION "\",\"compiler\":\"" __VERSION__                    \
      "\",\"callbacks\":[{\"id\":\"" id_text "\",\"summary\":\"" summary_text                                               \
      "\",\"phase\":\"" KAIROS_C_WORD_##PHASE##_ "\"" KAIROS_C_SHORT_JSON_(KAIROS_C_SHORT_CAN_##PHASE##_)                   \
      ",\"hooks\":[null" HOOKS(KAIROS_C_SHORT_JSON_HOOK_) "],\"options\":[null"                                             \
      OPTIONS(KAIROS_C_SHORT_JSON_INT_, KAIROS_C_SHORT_JSON_FLOAT_, KAIROS_C_SHORT_JSON_BOOL_, KAIROS_C_SHORT_JSON_TEXT_)   \
      PATHS(KAIROS_C_SHORT_JSON_INPUT_, KAIROS_C_SHORT_JSON_OUTPUT_, KAIROS_C_SHORT_JSON_DIRECTORY_,                        \
            KAIROS_C_SHORT_JSON_SAVED_) "]}]}")

#endif
