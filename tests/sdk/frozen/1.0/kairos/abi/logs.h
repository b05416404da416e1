/* SPDX-License-Identifier: MIT */
/* kairos.logs/1: the numbers of an event, under Keras' names. */
#ifndef KAIROS_ABI_LOGS_H
#define KAIROS_ABI_LOGS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_LOGS "kairos.logs/1"

#define KAIROS_DIRECTION_UNKNOWN 0
#define KAIROS_DIRECTION_MIN 1 /* smaller is better */
#define KAIROS_DIRECTION_MAX 2 /* larger is better */

typedef struct kairos_log_key {
  uint32_t size;      /* set by the caller */
  int32_t direction;  /* KAIROS_DIRECTION_… */
  kairos_str name;    /* borrowed (until destroy) */
} kairos_log_key;

/* Keys are numbered from 0; the set is complete when on_train_begin (or on_test_begin of an evaluation) runs, and an index
 * keeps its meaning until teardown. Values are read when asked for: a hook that reads none costs none.
 *
 *  on_train_batch_end           running means since the epoch began: loss, metrics
 *  on_test_batch_end, _test_end running means of the test, under val_… inside a fit and without prefix in an evaluation
 *  on_epoch_end                 loss, metrics, val_… where a validation ran, and what earlier phases published
 *  on_train_end                 the same, of the last epoch                                                              */
typedef struct kairos_logs {
  uint32_t size, reserved;

  /* Number of keys known so far. [fit-thread & set-up] */
  uint32_t (*count)(kairos_call *call);

  /* Name and direction of a key. Errors: KAIROS_E_RANGE. [fit-thread & set-up] */
  kairos_status (*key)(kairos_call *call, uint32_t index, kairos_log_key *out);

  /* Index of a key. Errors: KAIROS_E_NOT_FOUND. [fit-thread & set-up] */
  kairos_status (*find)(kairos_call *call, kairos_str name, uint32_t *index);

  /* Value in this event. Errors: KAIROS_E_RANGE; KAIROS_E_NOT_FOUND if it is not due here. NaN and infinity are values.
   * [fit-thread & training] */
  kairos_status (*value)(kairos_call *call, uint32_t index, double *out);

  /* Adds a key that the manifest does not name, and gives its index; an existing key gives the index it has.
   * Errors: KAIROS_E_STATE outside setup. [fit-thread & set-up] */
  kairos_status (*declare)(kairos_call *call, kairos_str name, int32_t direction, uint32_t *index);

  /* Sets a declared key in on_epoch_end; later phases, History and on_train_end see it. Errors: KAIROS_E_DENIED for a key that
   * this instance has not declared, KAIROS_E_STATE outside on_epoch_end. [fit-thread & training] */
  kairos_status (*publish)(kairos_call *call, uint32_t index, double value);
} kairos_logs;

#ifdef __cplusplus
}
#endif
#endif
