// SPDX-License-Identifier: MIT
// A callback in C11 that prints a greeting after every n-th epoch.
#include <kairos/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS(INT, FLOAT, BOOL, TEXT) INT(every, 1, "print the greeting after every n epochs")
KAIROS_C_OPTIONS(OPTIONS)

typedef struct hello {
  const kairos_host* host;
  int64_t every;
} hello;

static kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  kairos_value every;
  const kairos_status status = host->option(host, KAIROS_C_INDEX(every), &every);
  if (status != KAIROS_OK) return status;
  if (every.integer < 1) {
    const char text[] = "every must be 1 or more";
    return host->fail(call, KAIROS_E_INVALID, (kairos_str){text, sizeof text - 1});
  }
  hello* made = malloc(sizeof *made);
  if (made == NULL) return KAIROS_E_MEMORY;
  *made = (hello){host, every.integer};
  *self = made;
  return KAIROS_OK;
}

static void destroy(void* self) {
  free(self);
}

static kairos_status on_epoch_end(void* self, kairos_call* call, const kairos_epoch_event* event) {
  (void)call;
  const hello* const me = self;
  if ((event->epoch + 1) % me->every != 0) return KAIROS_OK;
  char line[64];
  snprintf(line, sizeof line, "Hello from C after epoch %lld", (long long)event->epoch + 1);
  me->host->log(me->host, KAIROS_LOG_INFO, (kairos_str){line, strlen(line)});
  return KAIROS_OK;
}

#define HOOKS(HOOK) HOOK(on_epoch_end)
KAIROS_C_PLUGIN("1.0.0", "com.example.HelloC", "Prints a greeting after an epoch.", REPORT, OPTIONS, HOOKS)
