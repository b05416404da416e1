/* SPDX-License-Identifier: MIT */
/* Leaves a thread behind that uses the host after destroy. */
#define _POSIX_C_SOURCE 200809L
#include <kairos/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

static const kairos_host* late_host;
static char report[4096]; /* the file that tells how the host answered */
static atomic_int destroyed;

static kairos_status nothing(void* arg) {
  (void)arg;
  return KAIROS_OK;
}

/* Calls all that needs no hook. Returns how many of the calls were refused because the run has ended. */
static int call_host(void) {
  kairos_value value;
  const kairos_tasks* tasks = late_host->query(late_host, KAIROS_TASKS);
  late_host->log(late_host, KAIROS_LOG_WARNING, (kairos_str){"late", 4});
  late_host->instance(late_host);
  return (late_host->option(late_host, 0, &value) == KAIROS_E_STATE) +
         (tasks->submit(late_host, nothing, NULL) == KAIROS_E_STATE) +
         (tasks->drain(late_host) == KAIROS_E_STATE);
}

static void* talk(void* arg) {
  const struct timespec short_pause = {0, 1000000}, long_pause = {0, 200000000};
  int refused = 0;
  FILE* file;
  (void)arg;
  while (!atomic_load(&destroyed)) nanosleep(&short_pause, NULL);
  for (int i = 0; i < 1000; ++i) call_host(); /* while the run ends */
  nanosleep(&long_pause, NULL);
  for (int i = 0; i < 10; ++i) refused += call_host();
  file = fopen(report, "w");
  if (file == NULL) return NULL;
  fprintf(file, "%d refused", refused);
  fclose(file);
  return NULL;
}

static kairos_status create(const kairos_host* host, kairos_call* call, void** self) {
  pthread_t thread;
  kairos_value value;
  (void)call;
  late_host = host;
  if (host->option(host, 0, &value) != KAIROS_OK) return KAIROS_E_INVALID;
  snprintf(report, sizeof report, "%.*s", (int)value.text.length, value.text.ptr);
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

#define OPTIONS(INT, FLOAT, BOOL, TEXT) TEXT(report, "", "where to tell how the host answered")
KAIROS_C_OPTIONS(OPTIONS)
#define HOOKS(HOOK) HOOK(on_epoch_end)
KAIROS_C_PLUGIN("1.0.0", "test.Latecomer", "Talks late.", REPORT, OPTIONS, HOOKS)
