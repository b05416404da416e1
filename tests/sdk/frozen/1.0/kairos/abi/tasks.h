/* SPDX-License-Identifier: MIT */
/* kairos.tasks/1: background work that the host owns and joins before an instance is destroyed. */
#ifndef KAIROS_ABI_TASKS_H
#define KAIROS_ABI_TASKS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_TASKS "kairos.tasks/1"

typedef struct kairos_tasks {
  uint32_t size, reserved;

  /* Runs work(arg) on a thread of the host, tasks of one instance one after the other in their order. `work` must not throw and
   * must not call anything but any-thread functions; what it returns other than KAIROS_OK fails the next drain or the
   * instance's next hook. `arg` stays the plugin's, until `work` returns. Errors: KAIROS_E_STATE after teardown.
   * [any-thread & any-state] */
  kairos_status (*submit)(const kairos_host *host, kairos_status (*work)(void *arg), void *arg);

  /* Waits until all tasks of this instance have run. Errors: the first status that one of them returned.
   * [fit-thread & any-state] */
  kairos_status (*drain)(const kairos_host *host);
} kairos_tasks;

#ifdef __cplusplus
}
#endif
#endif
