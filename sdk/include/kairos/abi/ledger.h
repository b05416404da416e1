/* SPDX-License-Identifier: MIT */
/* kairos.ledger/1: how long hooks take, and what they change.
 *
 * The host measures from `start` on, if a callback asks for it; a run in which none does pays nothing. Times are those of
 * the fit thread inside of hooks: background tasks do not count, and the time of a hook that is called inside another one
 * (on_checkpoint_saved in `save`) counts for its own instance alone. */
#ifndef KAIROS_ABI_LEDGER_H
#define KAIROS_ABI_LEDGER_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_LEDGER "kairos.ledger/1"

/* A hook of an instance. An out struct (types.h). */
typedef struct kairos_ledger_entry {
  uint32_t size, reserved;
  kairos_str instance, hook;           /* borrowed (until destroy) */
  int64_t calls, nanoseconds, longest; /* number, sum, and the longest call, in nanoseconds */
  /* Calls in which it set a hyper-parameter; wrote, replaced or swapped weights or optimizer slots; wrote gradients; wrote
   * to the batch; was the first to request a stop. */
  int64_t hypers, weights, gradients, batches, stops;
} kairos_ledger_entry;

/* A call of a hook. An out struct (types.h). */
typedef struct kairos_ledger_call {
  uint32_t size, reserved;
  uint64_t entry;       /* index of the hook */
  int64_t began, ended; /* nanoseconds since `start`; with the calls inside it */
} kairos_ledger_call;

typedef struct kairos_ledger {
  uint32_t size, reserved;

  /* The host measures, and remembers the first `calls` calls one by one, at most 10 million. Asked again, it goes on with
   * the larger number. Errors: KAIROS_E_RANGE for more; KAIROS_E_MEMORY. [fit-thread & set-up] */
  kairos_status (*start)(kairos_call *call, uint64_t calls);

  /* Stores the nanoseconds since the first `start`. Errors: KAIROS_E_STATE before it. [fit-thread & set-up] */
  kairos_status (*elapsed)(kairos_call *call, int64_t *out);

  /* Stores the numbers of hooks that were called, of calls that are remembered, and of calls in all. Each may be null. What
   * is running counts when it has returned. Errors: as `elapsed`. [fit-thread & set-up] */
  kairos_status (*count)(kairos_call *call, uint64_t *entries, uint64_t *remembered, uint64_t *all);

  /* Stores what a hook has done, and a call that is remembered, in the order in which they ended. Errors: as `elapsed`;
   * KAIROS_E_RANGE. [fit-thread & set-up] */
  kairos_status (*entry)(kairos_call *call, uint64_t index, kairos_ledger_entry *out);
  kairos_status (*remembered)(kairos_call *call, uint64_t index, kairos_ledger_call *out);
} kairos_ledger;

#ifdef __cplusplus
}
#endif
#endif
