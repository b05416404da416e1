/* SPDX-License-Identifier: MIT */
/* kairos.tasks/1: background tasks, run by the host and joined before the instance is destroyed. */
#ifndef KAIROS_ABI_TASKS_H
#define KAIROS_ABI_TASKS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_TASKS "kairos.tasks/1"

typedef struct kairos_tasks {
  uint32_t size, reserved;

  /* Runs work(arg) on a host thread. Tasks of one instance run one after the other, in order. `work` must not throw, and may
   * only call any-thread functions. If it returns a status other than KAIROS_OK, the next drain or the instance's next hook
   * fails. The plugin owns `arg` and keeps it valid until `work` returns. Errors: KAIROS_E_STATE after teardown;
   * KAIROS_E_INVALID without `work`. [any-thread & any-state] */
  kairos_status (*submit)(const kairos_host *host, kairos_status (*work)(void *arg), void *arg);

  /* Waits for all tasks of this instance. Errors: the first status other than KAIROS_OK that a task returned; KAIROS_E_STATE on
   * another thread, such as that of a task.
   * [fit-thread & any-state] */
  kairos_status (*drain)(const kairos_host *host);
} kairos_tasks;

#ifdef __cplusplus
}
#endif
#endif
