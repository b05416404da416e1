// SPDX-License-Identifier: MIT
// A callback in C11 that prints a greeting after every n-th epoch.
#include <kairos/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_OPTIONS(OPTION, REQUIRED, UNSET) \
  OPTION(INT, every, 1, "print the greeting after every n epochs", AT_LEAST(1))
KAIROS_C_CALLBACK_OPTIONS(hello, HELLO_OPTIONS)

typedef struct hello {
  const kairos_host* host;
  int64_t every;
} hello;

static kairos_status hello_init(hello* me, const kairos_host* host, kairos_call* call) {
  (void)call;
  *me = (hello){host, KAIROS_C_VALUE(host, hello, every).integer};
  return KAIROS_OK;
}
KAIROS_C_INSTANCE(hello, hello)

static kairos_status hello_on_epoch_end(void* self, kairos_call* call, const kairos_epoch_event* event) {
  (void)call;
  const hello* const me = self;
  if ((event->epoch + 1) % me->every != 0) return KAIROS_OK;
  char line[64];
  snprintf(line, sizeof line, "Hello from C after epoch %lld", (long long)event->epoch + 1);
  me->host->log(me->host, KAIROS_LOG_INFO, (kairos_str){line, strlen(line)});
  return KAIROS_OK;
}

#define HELLO_HOOKS(HOOK) HOOK(hello, on_epoch_end)
#define CALLBACKS(CALLBACK)                                                                        \
  CALLBACK(hello, "com.example.HelloC", "Prints a greeting after an epoch.", REPORT, CAN(NOTHING), \
           HELLO_OPTIONS, HELLO_HOOKS)
KAIROS_C_CALLBACKS("1.0.0", CALLBACKS)
