/* SPDX-License-Identifier: MIT */
/* kairos.batch/1: loss and samples of the current batch, other values for it, and random numbers that belong to it. */
#ifndef KAIROS_ABI_BATCH_H
#define KAIROS_ABI_BATCH_H

#include "tensors.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_BATCH "kairos.batch/1"

/* In on_train_batch_begin the batch has not gone through the model yet. It is read when a hook first asks for it: the tensors of
 * the roles INPUT, TARGET and SAMPLE_WEIGHT exist, and with KAIROS_CAN_WRITE_BATCH they may be borrowed for writing (tensors.h) or
 * replaced. What is written belongs to this batch alone: a tensor is copied before it is first written to, so the data, a
 * validation split of them and the buffers of a stream never change, and the next batch is as read again. Callbacks see what those
 * before them have written.
 *
 * The values are checked when they are replaced and again when the hook returns: inputs are finite and the model accepts them
 * (indices of an embedding), targets are finite and the loss accepts them (class numbers whole and in range), weights are finite
 * and not negative. A hook that breaks this, or that fails, has changed nothing: the batch is as it was before the hook.
 * Batches of a test or a prediction are read-only. */
typedef struct kairos_batch {
  uint32_t size, reserved;

  /* Stores the loss of this batch alone, as it enters the running mean: weighted and with penalties. Errors: KAIROS_E_NOT_FOUND
   * before the forward pass, and in a prediction; KAIROS_E_UNSUPPORTED if the model does not tell it. [fit-thread & in-batch] */
  kairos_status (*loss)(kairos_call *call, double *out);

  /* Stores the rows of the samples, `count` of them, in the data as given: before shuffling and splitting; of a stream, in the
   * order of its file. Counted from 0. Borrowed (until return). Errors: KAIROS_E_UNSUPPORTED if the loop does not tell them.
   * [fit-thread & in-batch] */
  kairos_status (*indices)(kairos_call *call, const int64_t **out, uint64_t *count);

  /* Stores 64 random bits that depend on the run's seed, the instance's name, the rank, the number of the training batch since the
   * model was made, and `stream`, and on nothing else: a resumed run gets the same bits. Outside of training batches the number is
   * that of the next one. The generator: sdk/doc/abi.md. [fit-thread & running] */
  kairos_status (*random)(kairos_call *call, uint64_t stream, uint64_t *out);

  /* Gives this batch other inputs, targets or sample weights, copied before return: float32, CPU, row-major and compact, the same
   * number of samples. Inputs and weights keep their shape. Class numbers may become probabilities, [samples, …, classes], if
   * `classes` is not 0: the loss is then the form of the same loss for probabilities, and accuracies compare with the likeliest
   * class. Sample weights stay as they are. Errors: KAIROS_E_RANGE for an index; KAIROS_E_INVALID for a view without values or
   * shape; KAIROS_E_UNSUPPORTED for a role that cannot be replaced, another shape, dtype, device or strides; KAIROS_E_DATA for
   * values that the model or the loss does not accept; KAIROS_E_STATE outside on_train_batch_begin; KAIROS_E_DENIED without
   * KAIROS_CAN_WRITE_BATCH. [fit-thread & training] */
  kairos_status (*replace)(kairos_call *call, int32_t role, uint32_t index, const kairos_view *values);

  /* Stores the number of classes of a target, if it holds class numbers and its loss also has a form for probabilities; else 0,
   * also in the hooks of a training batch in which a callback has made them probabilities. Errors: KAIROS_E_RANGE if the model has
   * no such target. [fit-thread & set-up] */
  kairos_status (*classes)(kairos_call *call, uint32_t target, int64_t *out);
} kairos_batch;

#ifdef __cplusplus
}
#endif
#endif
