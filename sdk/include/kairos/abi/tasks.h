/* SPDX-License-Identifier: MIT */
/* kairos.tasks/1: background tasks. The host runs those of one instance in order, on one thread that the first of them starts;
 * tasks of two instances do not wait for each other. */
#ifndef KAIROS_ABI_TASKS_H
#define KAIROS_ABI_TASKS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_TASKS "kairos.tasks/1"

/* What post does if `room` tasks of the instance wait. */
#define KAIROS_TASK_WHEN_FULL_REFUSE 0 /* answers KAIROS_E_BUSY */
#define KAIROS_TASK_WHEN_FULL_DROP 1   /* drops the oldest one that waits and need not finish; KAIROS_E_BUSY if there is none */

/* Flags of a task. Unknown bits 0 to 15 are refused, unknown bits 16 to 31 ignored. */
#define KAIROS_TASK_MUST_FINISH (1u << 0) /* runs also after an interrupt, which waits for it and tells the user so: for files */

/* What became of a task. A plugin ignores a number that it does not know. */
#define KAIROS_TASK_RAN 0
#define KAIROS_TASK_DROPPED 1   /* it made room for another one */
#define KAIROS_TASK_CANCELLED 2 /* the run was interrupted first, or failed */

/* In struct: filled by the plugin for one call. Bytes beyond the host's own size must be zero, else KAIROS_E_UNSUPPORTED. */
typedef struct kairos_task {
  uint32_t size;
  int32_t when_full; /* KAIROS_TASK_WHEN_FULL_… */
  uint32_t room;     /* waiting tasks of this instance at most; 0: 64 */
  uint32_t flags;    /* KAIROS_TASK_MUST_FINISH */

  /* As in submit. [any-thread & any-state] */
  kairos_status (*work)(void *arg);
  /* Called exactly once after post succeeded, on any thread, never during `work`: frees `arg`. Not called for a task that was
   * abandoned before it ended. May be null; must not throw or post. [any-thread & any-state] */
  void (*done)(void *arg, int32_t outcome);
  void *arg;
} kairos_task;

typedef struct kairos_tasks {
  uint32_t size, reserved;

  /* Runs work(arg) on the instance's thread of the host. `work` must not throw, and may only call any-thread functions. If it
   * returns a status other than KAIROS_OK, the next drain or the instance's next hook fails, once. The plugin owns `arg` and keeps
   * it valid until `work` returns. work(arg) is not called if the run is interrupted first, or fails; use post to free `arg` then.
   * Errors: KAIROS_E_STATE after teardown; KAIROS_E_INVALID without `work`. [any-thread & any-state] */
  kairos_status (*submit)(const kairos_host *host, kairos_status (*work)(void *arg), void *arg);

  /* Waits for the tasks of this instance that were submitted or posted before. Errors: the first status other than KAIROS_OK that a
   * task returned; KAIROS_E_BUSY if a task has not ended a second after an interrupt; KAIROS_E_STATE on another thread, such as that
   * of a task. [fit-thread & any-state] */
  kairos_status (*drain)(const kairos_host *host);

  /* As submit, with a limit. Never waits. After a failure `done` is not called. Errors: KAIROS_E_BUSY; KAIROS_E_STATE after teardown;
   * KAIROS_E_UNSUPPORTED for a number that the host does not know. [any-thread & any-state] */
  kairos_status (*post)(const kairos_host *host, const kairos_task *task);

  /* As drain, for at most so long; 0 or less does not wait. Errors: KAIROS_E_BUSY if tasks are left; else as drain.
   * [fit-thread & any-state] */
  kairos_status (*drain_for)(const kairos_host *host, int64_t nanoseconds);

  /* 1 once the run is to end: after an interrupt or a failure, and from teardown on. `work` that waits or loops asks and returns.
   * Else 0. [any-thread & any-state] */
  int32_t (*ending)(const kairos_host *host);
} kairos_tasks;

#ifdef __cplusplus
}
#endif
#endif
