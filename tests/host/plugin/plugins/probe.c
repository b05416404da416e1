/* SPDX-License-Identifier: MIT */
/* Two callbacks without data (`self` is null) that implement every hook and let a test call the host from
 * there: Probe has all capabilities, ModestProbe none. Declared by hand, table by table. One instance at a
 * time. */
#include "probe.h"

#include <stddef.h>
#include <stdlib.h>

static const kairos_host* probe_host;
static const probe_test* test;

static kairos_status visit(void* self, kairos_call* call, const char* hook, const void* event) {
  if (self != NULL) return KAIROS_E_INTERNAL;
  return test->at(test->arg, probe_host, call, hook, event);
}

static kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  kairos_value address;
  if (host->option(host, 0, &address) != KAIROS_OK) return KAIROS_E_INVALID;
  probe_host = host;
  test = (const probe_test*)(uintptr_t)strtoull(address.text.ptr, NULL, 16);
  *self = NULL;
  return visit(NULL, call, "create", NULL);
}

static void destroy(void* self) {
  (void)visit(self, NULL, "destroy", NULL);
}

/* In the order of kairos_hooks, with the type of the last argument. */
#define HOOKS(HOOK)                                  \
  HOOK(setup, kairos_run_event)                      \
  HOOK(teardown, kairos_end_event)                   \
  HOOK(state_save, kairos_writer)                    \
  HOOK(state_load, kairos_reader)                    \
  HOOK(on_train_begin, kairos_run_event)             \
  HOOK(on_train_end, kairos_end_event)               \
  HOOK(on_epoch_begin, kairos_epoch_event)           \
  HOOK(on_epoch_end, kairos_epoch_event)             \
  HOOK(on_train_batch_begin, kairos_batch_event)     \
  HOOK(on_backward_end, kairos_batch_event)          \
  HOOK(on_train_batch_end, kairos_batch_event)       \
  HOOK(on_test_begin, kairos_test_event)             \
  HOOK(on_test_end, kairos_test_event)               \
  HOOK(on_test_batch_begin, kairos_batch_event)      \
  HOOK(on_test_batch_end, kairos_batch_event)        \
  HOOK(on_predict_begin, kairos_run_event)           \
  HOOK(on_predict_end, kairos_end_event)             \
  HOOK(on_predict_batch_begin, kairos_batch_event)   \
  HOOK(on_predict_batch_end, kairos_batch_event)     \
  HOOK(on_checkpoint_saved, kairos_checkpoint_event) \
  HOOK(on_fault, kairos_fault_event)                 \
  HOOK(on_interrupt, kairos_interrupt_event)         \
  HOOK(on_artifact, kairos_artifact)

#define DEFINE(hook, event_type)                                                              \
  static kairos_status probe_##hook(void* self, kairos_call* call, const event_type* event) { \
    return visit(self, call, #hook, event);                                                   \
  }
HOOKS(DEFINE)

#define SLOT(hook, event_type) .hook = probe_##hook,
static const kairos_hooks hooks = {
    .size = sizeof(kairos_hooks), .create = create, .destroy = destroy, HOOKS(SLOT)};

static const kairos_option test_option = {
    .size = sizeof(kairos_option),
    .flags = KAIROS_OPTION_REQUIRED,
    .type = KAIROS_TYPE_STRING,
    .name = "test",
    .help = "address of a probe_test",
};
static const kairos_option formula_option = {
    .size = sizeof(kairos_option),
    .type = KAIROS_TYPE_EXPRESSION,
    .name = "formula",
    .help = "a formula",
    .choices = "x",
    .initial = {KAIROS_TYPE_EXPRESSION, 0, 0, 0.0, {"x+1", 3}},
};
static const kairos_option list_option = {
    .size = sizeof(kairos_option),
    .type = KAIROS_TYPE_LIST,
    .item_type = KAIROS_TYPE_INT,
    .name = "list",
    .help = "two numbers",
    .initial = {KAIROS_TYPE_LIST, 0, 0, 0.0, {"4,7", 3}},
};
static const kairos_option* const options[] = {&test_option, &formula_option, &list_option};

#define CALLBACK(callback_id, capability_bits)                                                       \
  {                                                                                                  \
    .size = sizeof(kairos_callback), .phase = KAIROS_PHASE_DECIDE, .capabilities = capability_bits,  \
    .id = callback_id, .summary = "Lets a test ask.", .state_version = 1, .oldest_state_version = 1, \
    .options = options, .option_count = 3, .hooks = &hooks                                           \
  }
static const kairos_callback probe =
    CALLBACK("test.Probe", KAIROS_CAN_STOP | KAIROS_CAN_SET_OPTIMIZER | KAIROS_CAN_WRITE_WEIGHTS |
                               KAIROS_CAN_WRITE_GRADIENTS | KAIROS_CAN_SAVE_MODEL | KAIROS_CAN_WRITE_BATCH |
                               KAIROS_CAN_CONTROL_STEP | KAIROS_CAN_SAVE_RUN);
static const kairos_callback modest_probe = CALLBACK("test.ModestProbe", 0);
static const kairos_callback* const callbacks[] = {&probe, &modest_probe};

extern const kairos_plugin kairos_plugin_v1;
__attribute__((used, visibility("default"))) const kairos_plugin kairos_plugin_v1 = {
    .magic = KAIROS_PLUGIN_MAGIC,
    .size = sizeof(kairos_plugin),
    .major = KAIROS_ABI_MAJOR,
    .minor_required = KAIROS_TARGET_MINOR,
    .minor_built = KAIROS_ABI_MINOR,
    .version = "1.0.0",
    .callbacks = callbacks,
    .callback_count = 2,
};

#define JSON_HOOK(hook, event_type) ",\"" #hook "\""
#define JSON_CALLBACK(id, capabilities) \
  "{\"id\":\"" id "\",\"summary\":\"Lets a test ask.\",\"phase\":\"decide\"" capabilities            \
  ",\"state_version\":1,\"oldest_state_version\":1,\"hooks\":[null" HOOKS(JSON_HOOK)                 \
  "],\"options\":[{\"name\":\"test\",\"type\":\"string\",\"help\":\"address of a probe_test\","      \
  "\"flags\":[\"required\"]},{\"name\":\"formula\",\"type\":\"expression\",\"help\":\"a formula\"," \
  "\"choices\":[\"x\"],\"default\":\"x+1\"},"                                                          \
  "{\"name\":\"list\",\"type\":\"list\",\"items\":\"int\",\"help\":\"two numbers\",\"default\":\"4,7\"}]}"
#define MANIFEST \
  "{\"version\":\"1.0.0\",\"sdk\":\"1.0.0\",\"compiler\":\"by hand\",\"callbacks\":[" JSON_CALLBACK( \
      "test.Probe",                                                                                  \
      ",\"capabilities\":[\"stop\",\"set_optimizer\",\"write_weights\","                             \
      "\"write_gradients\",\"save_model\",\"write_batch\",\"control_step\",\"save_run\"]") "," JSON_CALLBACK("test.ModestProbe", "") "]}"

struct manifest {
  kairos_manifest_header header;
  char text[sizeof MANIFEST];
};
extern const struct manifest kairos_manifest_v1;
__attribute__((used, visibility("hidden")))
const struct manifest kairos_manifest_v1 = {{sizeof MANIFEST - 1, 0}, MANIFEST};
KAIROS_NOTE(kairos_manifest_v1);
