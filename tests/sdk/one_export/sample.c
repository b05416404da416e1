/* SPDX-License-Identifier: MIT */
/* The same in C11: a function that is not static, to see that it stays inside. */
#include <kairos/plugin.h>
#include <stdlib.h>

#define OPTIONS(INT, FLOAT, BOOL, TEXT)  \
  INT(every, 1, "epochs between counts") \
  FLOAT(scale, 1e-4, "scale") BOOL(loud, 0, "say it") TEXT(name, "epochs", "name")
KAIROS_C_OPTIONS(OPTIONS)

typedef struct sample {
  const kairos_host* host;
  int64_t every;
  int64_t count;
} sample;

int64_t sample_next(sample* self);
int64_t sample_next(sample* self) {
  return self->count += self->every;
}

static kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  kairos_value every;
  const kairos_status status = host->option(host, KAIROS_C_INDEX(every), &every);
  if (status != KAIROS_OK) return status;
  sample* made = malloc(sizeof *made);
  if (made == NULL) return host->fail(call, KAIROS_E_MEMORY, (kairos_str){"out of memory", 13});
  *made = (sample){host, every.integer, 0};
  *self = made;
  return KAIROS_OK;
}

static void destroy(void* self) {
  free(self);
}

static kairos_status on_epoch_end(void* self, kairos_call* call, const kairos_epoch_event* event) {
  (void)call;
  (void)event;
  return sample_next(self) < 0 ? KAIROS_E_RANGE : KAIROS_OK;
}

#define HOOKS(HOOK) HOOK(on_epoch_end)
KAIROS_C_PLUGIN("1.0.0", "com.example.SampleC", "Counts epochs.", REPORT, OPTIONS, HOOKS)
