/* SPDX-License-Identifier: MIT */
/* A plugin written by hand, table by table. Macros select its faults. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <kairos/abi.h>

#ifndef FIXTURE_ID
#define FIXTURE_ID "com.example.Fixture"
#endif
/* The default in the data; the manifest has 10. */
#ifndef FIXTURE_PATIENCE
#define FIXTURE_PATIENCE 10
#endif

#define FIXTURE_JSON                                                                                       \
  "{\"version\":\"2.1.0\",\"sdk\":\"1.0.0\",\"compiler\":\"by hand\",\"callbacks\":[{\"id\":\"" FIXTURE_ID \
  "\",\"summary\":\"Does nothing.\",\"phase\":\"decide\",\"capabilities\":[\"stop\"],\"publishes\":"       \
  "[\"fixture\"],\"hooks\":[\"on_epoch_end\"],\"options\":[{\"name\":\"patience\",\"type\":\"int\","       \
  "\"help\":\"how long\",\"unit\":\"epochs\",\"aliases\":[\"wait\"],\"default\":10,\"min\":0},"            \
  "{\"name\":\"factor\",\"type\":\"float\",\"help\":\"by what\",\"flags\":[\"max_exclusive\"],"            \
  "\"default\":0.5,\"max\":1}]}]}"

static kairos_status fixture_create(const kairos_host* host, kairos_call* call, void** self) {
  (void)call;
  *self = (void*)(uintptr_t)host;
  return KAIROS_OK;
}
static void fixture_destroy(void* self) {
  (void)self;
}
static kairos_status fixture_on_epoch_end(void* self, kairos_call* call, const kairos_epoch_event* event) {
  (void)self, (void)call, (void)event;
  return KAIROS_OK;
}

static const kairos_option fixture_patience = {
    .size = sizeof(kairos_option),
    .type = KAIROS_TYPE_INT,
    .name = "patience",
    .help = "how long",
    .aliases = "wait",
    .unit = "epochs",
    .initial = {.type = KAIROS_TYPE_INT, .integer = FIXTURE_PATIENCE},
    .min = {.type = KAIROS_TYPE_INT, .integer = 0},
};
static const kairos_option fixture_factor = {
    .size = sizeof(kairos_option),
    .flags = KAIROS_OPTION_MAX_EXCLUSIVE,
    .type = KAIROS_TYPE_FLOAT,
    .name = "factor",
    .help = "by what",
    .initial = {.type = KAIROS_TYPE_FLOAT, .number = 0.5},
    .max = {.type = KAIROS_TYPE_FLOAT, .number = 1},
};
static const kairos_option* const fixture_options[] = {&fixture_patience, &fixture_factor};
static const kairos_hooks fixture_hooks = {
    .size = sizeof(kairos_hooks),
#ifdef FIXTURE_RESERVED
    .reserved = FIXTURE_RESERVED,
#endif
    .create = fixture_create,
    .destroy = fixture_destroy,
    .on_epoch_end = fixture_on_epoch_end,
};
static const kairos_callback fixture_callback = {
    .size = sizeof(kairos_callback),
    .phase = KAIROS_PHASE_DECIDE,
    .capabilities = KAIROS_CAN_STOP,
    .id = FIXTURE_ID,
    .summary = "Does nothing.",
    .publishes = "fixture",
    .options = fixture_options,
    .option_count = 2,
    .hooks = &fixture_hooks,
};
static const kairos_callback* const fixture_callbacks[] = {&fixture_callback};

#ifndef FIXTURE_NO_ENTRY
extern const kairos_plugin kairos_plugin_v1;
__attribute__((used, visibility("default"))) const kairos_plugin kairos_plugin_v1 = {
#else
__attribute__((used)) static const kairos_plugin fixture_plugin = {
#endif
    .magic = KAIROS_PLUGIN_MAGIC,
#ifdef FIXTURE_SMALL
    .size = 16,
#else
    .size = sizeof(kairos_plugin),
#endif
    .major = KAIROS_ABI_MAJOR,
    .minor_required = KAIROS_TARGET_MINOR,
    .minor_built = KAIROS_ABI_MINOR,
    .version = "2.1.0",
    .callbacks = fixture_callbacks,
    .callback_count = 1,
};

#ifndef FIXTURE_NO_NOTE
struct fixture_manifest {
  kairos_manifest_header header;
  char text[sizeof FIXTURE_JSON];
};
extern const struct fixture_manifest kairos_manifest_v1;
__attribute__((used, visibility("hidden")))
const struct fixture_manifest kairos_manifest_v1 = {{sizeof FIXTURE_JSON - 1, 0}, FIXTURE_JSON};
KAIROS_NOTE(kairos_manifest_v1);
#endif

#endif
