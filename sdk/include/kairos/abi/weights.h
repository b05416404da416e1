/* SPDX-License-Identifier: MIT */
/* kairos.weights/1: weights beside those that are trained: remembered, averaged, and presented in their place for a while.
 *
 * Slots are those of kairos.model/1: numbers of one instance, saved with its state, gone at destroy.
 *
 * Swaps are a list, not an exchange of contents. While slots are swapped in, the trained weights are set aside, and the slot
 * that came last is live: every reader sees it (tests, `save`, `snapshot`, KAIROS_ROLE_WEIGHT and KAIROS_ROLE_BUFFER). What is
 * written to live weights belongs to that slot, and only its owner may borrow them for writing; others get KAIROS_E_STATE. The
 * optimizer, `put`, and `rollback` and `load_weights` of kairos.model/1 act on the trained weights, whatever is swapped in. A
 * tensor that was borrowed before a swap shows what is live after it. */
#ifndef KAIROS_ABI_WEIGHTS_H
#define KAIROS_ABI_WEIGHTS_H

#include "tensors.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_WEIGHTS "kairos.weights/1"

#define KAIROS_TAKE_WEIGHTS 0  /* all weights that are live, so swapped-in ones, as `snapshot` of kairos.model/1 */
#define KAIROS_TAKE_TRAINING 1 /* in a fit: the weights that are trained, and all else that the next step depends on: optimizer
                                  state, step count, hyper-parameters, numbers of random streams */
#define KAIROS_TAKE_TRAINED 2  /* all weights that are trained, whatever is swapped in */

typedef struct kairos_weights {
  uint32_t size, reserved;

  /* Remembers what KAIROS_TAKE_… says. If `*slot` is 0, a new slot is made and its number is stored in `*slot`; any other
   * number is a slot of this instance and written over. Errors: KAIROS_E_NOT_FOUND; KAIROS_E_UNSUPPORTED for another `what`,
   * and if this model cannot remember a training; KAIROS_E_STATE for KAIROS_TAKE_TRAINING outside of a fit, inside a batch
   * before its step, and into a slot that is swapped in. [fit-thread & running] */
  kairos_status (*take)(kairos_call *call, int32_t what, uint64_t *slot);

  /* Training goes on from what the slot holds; of KAIROS_TAKE_WEIGHTS and _TRAINED, the optimizer keeps its state. The slot
   * stays, and so does what is swapped in. In on_train_end it makes the slot the result. Errors: KAIROS_E_NOT_FOUND;
   * KAIROS_E_STATE between on_train_batch_begin and the step; KAIROS_E_DENIED without KAIROS_CAN_WRITE_WEIGHTS.
   * [fit-thread & training] */
  kairos_status (*put)(kairos_call *call, uint64_t slot);

  /* Lends a weight of a slot, by its index in KAIROS_ROLE_WEIGHT; of the slot 0 a trained weight, for reading only. Borrowed
   * (until return). Errors: KAIROS_E_NOT_FOUND; KAIROS_E_UNSUPPORTED for a slot with a training; KAIROS_E_RANGE;
   * KAIROS_E_INVALID and KAIROS_E_DENIED as `borrow` of kairos.tensors/1. [fit-thread & running] */
  kairos_status (*borrow)(kairos_call *call, uint64_t slot, uint32_t index, int32_t access, kairos_tensor *out);

  /* The slot becomes the live weights for every reader, under `label` ("ema"; 1 to 200 bytes); one that is in stays where it
   * is. Allowed in the hooks of test and prediction, in on_epoch_end and in on_train_end. Ends with swap_out, and by itself:
   * after all hooks of on_epoch_end and of on_train_end, of an evaluation or prediction after those of its end; when a training
   * batch begins; and before whatever ends a run early (a fault, a signal), or when the instance is disabled. Errors:
   * KAIROS_E_NOT_FOUND; KAIROS_E_UNSUPPORTED for a slot with a training; KAIROS_E_INVALID for a label; KAIROS_E_STATE
   * elsewhere; KAIROS_E_DENIED without KAIROS_CAN_WRITE_WEIGHTS. [fit-thread & running] */
  kairos_status (*swap_in)(kairos_call *call, uint64_t slot, kairos_str label);

  /* Takes it out, in any order: the last of those still in is live. One that is not in is ignored. [fit-thread & running] */
  kairos_status (*swap_out)(kairos_call *call, uint64_t slot);

  /* Stores the label of what is live; empty for the weights that are trained. Borrowed (until return).
   * [fit-thread & running] */
  kairos_status (*live)(kairos_call *call, kairos_str *out);

  /* Forgets a slot, after swap_out if it is in; the same as `drop` of kairos.model/1. An unknown one is ignored.
   * [fit-thread & set-up] */
  void (*drop)(kairos_call *call, uint64_t slot);
} kairos_weights;

#ifdef __cplusplus
}
#endif
#endif
