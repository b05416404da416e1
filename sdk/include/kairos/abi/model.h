/* SPDX-License-Identifier: MIT */
/* kairos.model/1: saving and loading the model, and snapshots of its weights. */
#ifndef KAIROS_ABI_MODEL_H
#define KAIROS_ABI_MODEL_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_MODEL "kairos.model/1"

#define KAIROS_SAVE_MODEL 0   /* architecture, weights and optimizer */
#define KAIROS_SAVE_WEIGHTS 1 /* weights only */

typedef struct kairos_model {
  uint32_t size, reserved;

  /* Saves the model. The file replaces `path` atomically when it is complete; parent directories are created. A relative path
   * is relative to the run directory, else to the current one. The ending selects the format: .h5 and .hdf5 are Keras' legacy
   * layout, .keras and .weights.h5 are Keras 3's. While weights are swapped in (weights.h), the file has them, with their
   * label, and the optimizer's state of the training. Every other instance then gets on_checkpoint_saved, in which nothing can
   * be saved (KAIROS_E_STATE). Errors: KAIROS_E_IO; KAIROS_E_UNSUPPORTED for an ending or content that this host or model
   * cannot write; KAIROS_E_INVALID for a path that is empty, no UTF-8 or has control characters; KAIROS_E_DENIED if the file
   * would replace data or another result, and without KAIROS_CAN_SAVE_MODEL. [fit-thread & running] */
  kairos_status (*save)(kairos_call *call, kairos_str path, int32_t content);

  /* Checks whether `save` supports this path and content. Call it in setup to find a wrong ending before training.
   * Errors: KAIROS_E_UNSUPPORTED; KAIROS_E_INVALID; KAIROS_E_DENIED if the file would replace data or another
   * result. [fit-thread & set-up] */
  kairos_status (*can_save)(kairos_call *call, kairos_str path, int32_t content);

  /* Loads weights of the same shapes into the model, as the weights that are trained. A relative path is treated as in `save`.
   * On failure the weights are unchanged. Errors: KAIROS_E_IO; KAIROS_E_DATA; KAIROS_E_INVALID; KAIROS_E_DENIED without
   * KAIROS_CAN_WRITE_WEIGHTS. [fit-thread & set-up] */
  kairos_status (*load_weights)(kairos_call *call, kairos_str path);

  /* Copies all weights that are live into a snapshot in memory. If `*slot` is 0, a new snapshot is created and its number is
   * stored in `*slot`; any other number is a slot of this instance and written over. Snapshots are saved with the state of the
   * instance and freed at destroy. Errors: KAIROS_E_NOT_FOUND. [fit-thread & running] */
  kairos_status (*snapshot)(kairos_call *call, uint64_t *slot);

  /* Makes the weights of a snapshot those that are trained. The optimizer keeps its state, as in Keras. Errors:
   * KAIROS_E_NOT_FOUND; KAIROS_E_UNSUPPORTED for a slot with a training (weights.h); KAIROS_E_DENIED without
   * KAIROS_CAN_WRITE_WEIGHTS. [fit-thread & running] */
  kairos_status (*rollback)(kairos_call *call, uint64_t slot);

  /* Frees a snapshot. An unknown slot is ignored. [fit-thread & set-up] */
  void (*drop)(kairos_call *call, uint64_t slot);

  /* Stores the Keras JSON of the model in `out`; empty if there is none. Borrowed (until return). [fit-thread & set-up] */
  kairos_status (*architecture)(kairos_call *call, kairos_str *out);

  /* Copies the model's values and returns; a host thread writes the file while training continues. A second background save
   * waits for the first. Once the file is complete, on_checkpoint_saved is called on the fit thread at the end of an epoch or
   * of the training. A write error is reported there, as a failure of this instance.
   * Errors: those of `save`, except KAIROS_E_IO. [fit-thread & running] */
  kairos_status (*save_in_background)(kairos_call *call, kairos_str path, int32_t content);
} kairos_model;

#ifdef __cplusplus
}
#endif
#endif
