/* SPDX-License-Identifier: MIT */
/* kairos.logs/1: the logs of an event, under Keras' names. */
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
  uint32_t size;      /* out struct (types.h): in, the caller's sizeof; out, what the host wrote */
  int32_t direction;  /* KAIROS_DIRECTION_… */
  kairos_str name;    /* borrowed (until destroy) */
} kairos_log_key;

/* Keys are numbered from 0. The set of keys is complete when on_train_begin (in an evaluation: on_test_begin) runs. An index
 * keeps its meaning until teardown. Values are computed when they are read; a hook that reads none pays nothing.
 *
 *  on_train_batch_end           running means since the epoch began: loss, metrics
 *  on_test_batch_end, _test_end running means of the test: with the prefix val_ inside a fit, without it in an evaluation
 *  on_epoch_end                 loss, metrics, val_… if validation ran, and the values that earlier phases published
 *  on_train_end                 the values of the last on_epoch_end
 * What a callback publishes in another event than on_epoch_end is seen by later phases in that event, and gone after it. */
typedef struct kairos_logs {
  uint32_t size, reserved;

  /* Returns the number of keys known so far. [fit-thread & set-up] */
  uint32_t (*count)(kairos_call *call);

  /* Stores name and direction of a key in `out`. Errors: KAIROS_E_RANGE; KAIROS_E_INVALID for a `size` below that of ABI 1.0.
   * [fit-thread & set-up] */
  kairos_status (*key)(kairos_call *call, uint32_t index, kairos_log_key *out);

  /* Stores the index of a key in `index`. Errors: KAIROS_E_NOT_FOUND. [fit-thread & set-up] */
  kairos_status (*find)(kairos_call *call, kairos_str name, uint32_t *index);

  /* Stores the value of a key in this event in `out`. NaN and infinity are valid values. Errors: KAIROS_E_RANGE;
   * KAIROS_E_NOT_FOUND if the value is not available in this event.
   * [fit-thread & running] */
  kairos_status (*value)(kairos_call *call, uint32_t index, double *out);

  /* Declares a key that the manifest does not name and stores its index. A key is 1 to 200 bytes of UTF-8 without control
   * characters, space or any of , " ' = : { }. One that this instance publishes already keeps its index; an unknown direction is
   * filled in. Errors: KAIROS_E_INVALID for a direction, for a key that is no key, for a key of the model or of another instance,
   * and for the opposite direction; KAIROS_E_STATE outside setup. [fit-thread & set-up] */
  kairos_status (*declare)(kairos_call *call, kairos_str name, int32_t direction, uint32_t *index);

  /* Sets the value of a declared key in this event. Later phases see it; History and on_train_end those of on_epoch_end alone.
   * Errors: KAIROS_E_DENIED if this instance has not declared the key; KAIROS_E_INVALID for another "learning_rate" than that of
   * the event (of a batch or a test: the current one); KAIROS_E_RANGE; KAIROS_E_STATE outside on_train_batch_end, on_test_end and
   * on_epoch_end. [fit-thread & running] */
  kairos_status (*publish)(kairos_call *call, uint32_t index, double value);
} kairos_logs;

#ifdef __cplusplus
}
#endif
#endif
