/* SPDX-License-Identifier: MIT */
/* A callback in C that writes to a view that it borrowed for reading, or uses a call after its hook. */
#include <kairos/plugin.h>
#include <string.h>

static const kairos_tensors* tensors;
static kairos_call* kept;
static int uses_call_late;

#define OPTIONS(INT, FLOAT, BOOL, TEXT) TEXT(what, "weight", "weight or call")
KAIROS_C_OPTIONS(OPTIONS)

static kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  kairos_value what;
  kept = call;
  tensors = host->query(host, KAIROS_TENSORS);
  if (host->option(host, 0, &what) != KAIROS_OK) return KAIROS_E_INVALID;
  uses_call_late = strcmp(what.text.ptr, "call") == 0;
  *self = &kept;
  return KAIROS_OK;
}

static void destroy(void* self) {
  (void)self;
}

static kairos_status on_epoch_begin(void* self, kairos_call* call, const kairos_epoch_event* event) {
  kairos_tensor tensor = {0};
  tensor.size = sizeof tensor;
  (void)self;
  (void)event;
  if (uses_call_late) return tensors->count(kept, KAIROS_ROLE_WEIGHT) == 0 ? KAIROS_OK : KAIROS_E_INTERNAL;
  if (tensors->borrow(call, KAIROS_ROLE_WEIGHT, 1, KAIROS_ACCESS_READ, &tensor) != KAIROS_OK)
    return KAIROS_E_INTERNAL;
  ((float*)tensor.view.data)[0] = 1e6f;
  return KAIROS_OK;
}

#define HOOKS(HOOK) HOOK(on_epoch_begin)
KAIROS_C_PLUGIN("1.0.0", "com.example.OffenderC", "Writes what it may only read.", REPORT, OPTIONS, HOOKS)
