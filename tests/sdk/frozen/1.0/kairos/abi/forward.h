/* SPDX-License-Identifier: MIT */
/* kairos.forward/1: forward passes, evaluations and trial steps inside a hook.
 *
 * No hook runs inside these calls, and the training does not notice them: sums behind the logs, random numbers, the position in
 * the data, batch and step numbers stay as they are, and what `evaluate` and `predict` do leaves the weights alone, so that a
 * run has the same bits with and without them. They see the live weights (weights.h). They are allowed where no batch is under
 * way: in on_train_begin, on_epoch_begin, on_epoch_end, on_train_end, and in the begin and the end of tests and predictions.
 *
 * The data are those of the run, in memory or streamed: training data in the order of the current pass (before the first: of
 * that one), without what callbacks write to batches. A signal ends a call after the current batch, with KAIROS_E_BUSY: the
 * hook then returns KAIROS_OK, as it did not fail. */
#ifndef KAIROS_ABI_FORWARD_H
#define KAIROS_ABI_FORWARD_H

#include "tensors.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_FORWARD "kairos.forward/1"

#define KAIROS_SOURCE_TRAINING 1
#define KAIROS_SOURCE_VALIDATION 2

/* All functions: KAIROS_E_UNSUPPORTED in a training loop that makes no passes for callbacks; KAIROS_E_DATA if the data
 * cannot be read, which ends the run. */
typedef struct kairos_forward {
  uint32_t size, reserved;

  /* Stores the number of batches of a source if it is cut into batches of `batch_size` samples; 0 is the batch size of the
   * run. Errors: KAIROS_E_NOT_FOUND if the run has no such data, as in an evaluation or a prediction; KAIROS_E_UNSUPPORTED
   * for another source; KAIROS_E_RANGE for a negative size. [fit-thread & running] */
  kairos_status (*batches)(kairos_call *call, int32_t source, int64_t batch_size, int64_t *out);

  /* Loss and metrics over `count` batches of the run's size, from batch `first` on, in inference mode: values[i] belongs to
   * key i of the logs (logs.h), NaN where a pass has none. At most `capacity` values are written. Errors: as `batches`;
   * KAIROS_E_RANGE for batches that the source does not have; KAIROS_E_STATE in other hooks; KAIROS_E_BUSY.
   * [fit-thread & running] */
  kairos_status (*evaluate)(kairos_call *call, int32_t source, int64_t first, int64_t count, double *values, uint32_t capacity);

  /* Forward pass in inference mode on the caller's inputs, one view per input of the model in its order: float32 on the CPU,
   * row-major, [samples, …] with at least one sample. Errors: KAIROS_E_INVALID for other views; KAIROS_E_DATA for values
   * that the model cannot take; KAIROS_E_STATE in other hooks; KAIROS_E_BUSY. [fit-thread & running] */
  kairos_status (*predict)(kairos_call *call, const kairos_view *inputs, uint32_t count);

  /* Lends an output of the last `predict` of this hook, in the order of the model. Borrowed (until the next `predict`, at
   * most until return). Errors: KAIROS_E_NOT_FOUND without one; KAIROS_E_RANGE. [fit-thread & running] */
  kairos_status (*output)(kairos_call *call, uint32_t index, kairos_tensor *out);

  /* Replaces the moving statistics of every BatchNormalization by the mean of those of the first `count` training batches,
   * measured with the live weights in one forward pass without dropout. Frozen layers keep theirs. What is swapped in gets
   * them, else the trained weights do. On failure they stay as they were. Errors: as `evaluate`; KAIROS_E_STATE outside a
   * fit, and while the weights of another instance are swapped in; KAIROS_E_DENIED without KAIROS_CAN_WRITE_WEIGHTS.
   * [fit-thread & training] */
  kairos_status (*statistics)(kairos_call *call, int64_t count);

  /* In on_train_begin, on_epoch_begin and on_epoch_end: forward pass, backward pass and one step on a training batch, seen
   * by no hook and no log, whatever accumulates. `batch` counts batches of `batch_size` samples as in `batches`. Stores the
   * loss of the batch before the step. Undone with `take` and `put` of kairos.weights/1 (KAIROS_TAKE_TRAINING). Memory that
   * a larger batch needs is kept. Errors: as `evaluate`; KAIROS_E_STATE elsewhere, and while weights are swapped in;
   * KAIROS_E_DENIED without KAIROS_CAN_WRITE_WEIGHTS and KAIROS_CAN_CONTROL_STEP. [fit-thread & training] */
  kairos_status (*trial_step)(kairos_call *call, int64_t batch, int64_t batch_size, double *loss);
} kairos_forward;

#ifdef __cplusplus
}
#endif
#endif
