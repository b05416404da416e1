/* SPDX-License-Identifier: MIT */
/* Leaves a thread behind that uses the host after destroy. */
#define _POSIX_C_SOURCE 200809L
#include <kairos/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

static const kairos_host* late_host;
static atomic_int destroyed;

static kairos_status nothing(void* arg) {
  (void)arg;
  return KAIROS_OK;
}

static void* talk(void* arg) {
  const struct timespec pause = {0, 1000000};
  (void)arg;
  while (!atomic_load(&destroyed)) nanosleep(&pause, NULL);
  for (int i = 0; i < 200; ++i) {
    kairos_value value;
    const kairos_tasks* tasks = late_host->query(late_host, KAIROS_TASKS);
    late_host->log(late_host, KAIROS_LOG_WARNING, (kairos_str){"late", 4});
    late_host->option(late_host, 0, &value);
    late_host->instance(late_host);
    tasks->submit(late_host, nothing, NULL);
    tasks->drain(late_host);
    nanosleep(&pause, NULL);
  }
  return NULL;
}

static kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  pthread_t thread;
  (void)call;
  late_host = host;
  *self = (void*)host;
  if (pthread_create(&thread, NULL, talk, NULL) != 0) return KAIROS_E_MEMORY;
  pthread_detach(thread);
  return KAIROS_OK;
}

static void destroy(void* self) {
  (void)self;
  atomic_store(&destroyed, 1);
}

static kairos_status on_epoch_end(void* self, kairos_call* call, const kairos_epoch_event* event) {
  (void)self;
  (void)call;
  (void)event;
  return KAIROS_OK;
}

#define OPTIONS(INT, FLOAT, BOOL, TEXT) INT(unused, 1, "none")
KAIROS_C_OPTIONS(OPTIONS)
#define HOOKS(HOOK) HOOK(on_epoch_end)
KAIROS_C_PLUGIN("1.0.0", "test.Latecomer", "Talks late.", REPORT, OPTIONS, HOOKS)
