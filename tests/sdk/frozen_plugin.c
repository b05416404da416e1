/* SPDX-License-Identifier: MIT */
/* A plugin that only uses the frozen ABI: the tables of abi.h written by hand, without plugin.h.
 * Built against every frozen version, it must run in the host of today. */
#include <kairos/abi.h>
#include <stdlib.h>

#define TEXT(literal) ((kairos_str){literal, sizeof literal - 1})

static const kairos_option limit_option = {
    .size = sizeof(kairos_option),
    .type = KAIROS_TYPE_FLOAT,
    .name = "limit",
    .help = "loss at which to stop",
    .initial = {KAIROS_TYPE_FLOAT, 0, 0, 0.25, {0, 0}},
    .min = {KAIROS_TYPE_FLOAT, 0, 0, 0.0, {0, 0}},
};
static const kairos_option* const options[] = {&limit_option};

typedef struct limit {
  const kairos_logs* logs;
  const kairos_control* control;
  double value;
} limit;

static kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  kairos_value value;
  const kairos_status status = host->option(host, 0, &value);
  if (status != KAIROS_OK) return status;
  const kairos_logs* logs = host->query(host, KAIROS_LOGS);
  const kairos_control* control = host->query(host, KAIROS_CONTROL);
  if (logs == NULL || control == NULL)
    return host->fail(call, KAIROS_E_UNSUPPORTED, TEXT("needs kairos.logs/1 and kairos.control/1"));
  limit* made = malloc(sizeof *made);
  if (made == NULL) return host->fail(call, KAIROS_E_MEMORY, TEXT("out of memory"));
  *made = (limit){logs, control, value.number};
  *self = made;
  return KAIROS_OK;
}

static void destroy(void* self) {
  free(self);
}

static kairos_status on_epoch_end(void* self, kairos_call* call, const kairos_epoch_event* event) {
  (void)event;
  const limit* at = self;
  uint32_t index = 0;
  double loss = 0;
  kairos_status status = at->logs->find(call, TEXT("loss"), &index);
  if (status == KAIROS_OK) status = at->logs->value(call, index, &loss);
  if (status == KAIROS_OK && loss <= at->value)
    status = at->control->request_stop(call, TEXT("the limit is reached"));
  return status;
}

static const kairos_hooks hooks = {
    .size = sizeof(kairos_hooks), .create = create, .destroy = destroy, .on_epoch_end = on_epoch_end};

static const kairos_callback callback = {
    .size = sizeof(kairos_callback),
    .phase = KAIROS_PHASE_DECIDE,
    .capabilities = KAIROS_CAN_STOP,
    .id = "com.example.LossLimit",
    .summary = "Stops when the loss is small enough.",
    .options = options,
    .option_count = 1,
    .hooks = &hooks,
};
static const kairos_callback* const callbacks[] = {&callback};

extern const kairos_plugin kairos_plugin_v1;
__attribute__((used, visibility("default"))) const kairos_plugin kairos_plugin_v1 = {
    .magic = KAIROS_PLUGIN_MAGIC,
    .size = sizeof(kairos_plugin),
    .major = KAIROS_ABI_MAJOR,
    .minor_required = KAIROS_TARGET_MINOR,
    .minor_built = KAIROS_ABI_MINOR,
    .version = "1.0.0",
    .callbacks = callbacks,
    .callback_count = 1,
};

#define MANIFEST                                                                                           \
  "{\"version\":\"1.0.0\",\"sdk\":\"1.0.0-rc.1\",\"compiler\":\"" __VERSION__                              \
  "\",\"callbacks\":[{\"id\":\"com.example.LossLimit\","                                                   \
  "\"summary\":\"Stops when the loss is small enough.\",\"phase\":\"decide\",\"capabilities\":[\"stop\"]," \
  "\"hooks\":[\"on_epoch_end\"],\"options\":[{\"name\":\"limit\",\"type\":\"float\",\"help\":\"loss at "   \
  "which to stop\","                                                                                       \
  "\"default\":0.25,\"min\":0}]}]}"

struct manifest {
  kairos_manifest_header header;
  char text[sizeof MANIFEST];
};
extern const struct manifest kairos_manifest_v1;
__attribute__((used, visibility("hidden")))
const struct manifest kairos_manifest_v1 = {{sizeof MANIFEST - 1, 0}, MANIFEST};
KAIROS_NOTE(kairos_manifest_v1);
