/* SPDX-License-Identifier: MIT */
/* kairos.dist/1: the ranks of a distributed training, and what they exchange. Also available in a single process. */
#ifndef KAIROS_ABI_DIST_H
#define KAIROS_ABI_DIST_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_DIST "kairos.dist/1"

#define KAIROS_REDUCE_SUM 1
#define KAIROS_REDUCE_MIN 2
#define KAIROS_REDUCE_MAX 3

typedef struct kairos_dist {
  uint32_t size, reserved;
  int32_t (*rank)(const kairos_host *host);  /* 0 … world - 1. [any-thread & any-state] */
  int32_t (*world)(const kairos_host *host); /* number of processes, at least 1. [any-thread & any-state] */

  /* Collective: every rank makes the same call in the same hook, with as many values; else KAIROS_E_STATE, and the run ends with
   * an error that names the ranks. In on_train_begin, on_epoch_begin, on_train_batch_begin, on_train_batch_end,
   * on_test_batch_end, on_test_end and on_epoch_end; KAIROS_E_STATE elsewhere. In a single process nothing happens, and the
   * status is KAIROS_OK. Errors: KAIROS_E_DENIED for an instance that does not run on every rank; KAIROS_E_IO if a rank is
   * lost. */

  /* The `count` bytes of rank `root`, on all ranks. Errors: KAIROS_E_RANGE for `root`. [fit-thread & running] */
  kairos_status (*broadcast)(kairos_call *call, int32_t root, void *bytes, uint64_t count);
  /* The sum, the least or the largest of each of `count` values, in place: the same bits on every rank. Errors:
   * KAIROS_E_INVALID for `operation`, KAIROS_REDUCE_…. [fit-thread & running] */
  kairos_status (*all_reduce)(kairos_call *call, int32_t operation, double *values, uint64_t count);
} kairos_dist;

#ifdef __cplusplus
}
#endif
#endif
