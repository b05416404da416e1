/* SPDX-License-Identifier: MIT */
/* kairos.model/1: saving, loading and remembering weights. */
#ifndef KAIROS_ABI_MODEL_H
#define KAIROS_ABI_MODEL_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_MODEL "kairos.model/1"

#define KAIROS_SAVE_MODEL 0   /* architecture, weights and optimizer */
#define KAIROS_SAVE_WEIGHTS 1 /* weights alone */

typedef struct kairos_model {
  uint32_t size, reserved;

  /* Writes a file that appears under its name only when it is complete; parent directories are made. The ending chooses the
   * format: .h5 and .hdf5 Keras' legacy layout, .weights.h5 Keras 3. Then every other instance gets
   * on_checkpoint_saved, in which nothing can be saved (KAIROS_E_STATE).
   * Errors: KAIROS_E_IO; KAIROS_E_UNSUPPORTED for an ending or content that the model cannot write; KAIROS_E_DENIED
   * without KAIROS_CAN_SAVE_MODEL. [fit-thread & training] */
  kairos_status (*save)(kairos_call *call, kairos_str path, int32_t content);

  /* KAIROS_OK if `save` could write such a file; to be asked in setup, so that a wrong ending is found before training.
   * Errors: KAIROS_E_UNSUPPORTED. [fit-thread & set-up] */
  kairos_status (*can_save)(kairos_call *call, kairos_str path, int32_t content);

  /* Loads weights of the same shapes into the model. Errors: KAIROS_E_IO, KAIROS_E_DATA (nothing has changed then);
   * KAIROS_E_DENIED without KAIROS_CAN_WRITE_WEIGHTS. [fit-thread & set-up] */
  kairos_status (*load_weights)(kairos_call *call, kairos_str path);

  /* Remembers all weights in memory; `slot` 0 asks for a new place and receives its number, any other number is written
   * over. Dropped at destroy at the latest, saved with the state of the instance. [fit-thread & training] */
  kairos_status (*snapshot)(kairos_call *call, uint64_t *slot);

  /* Puts remembered weights back; the optimizer keeps its state, as in Keras. Errors: KAIROS_E_NOT_FOUND;
   * KAIROS_E_DENIED without KAIROS_CAN_WRITE_WEIGHTS. [fit-thread & training] */
  kairos_status (*rollback)(kairos_call *call, uint64_t slot);

  /* Forgets them. An unknown slot is ignored. [fit-thread & set-up] */
  void (*drop)(kairos_call *call, uint64_t slot);

  /* Keras JSON of the model; empty if there is none. Borrowed (until return). [fit-thread & set-up] */
  kairos_status (*architecture)(kairos_call *call, kairos_str *out);

  /* As `save`, but from a copy of the model's values, which a thread of the host writes while training goes on; a second
   * one waits for the first. on_checkpoint_saved comes on the fit thread when the file is complete, at the end of an epoch
   * or of the training. A file that could not be written is then a failure of this instance, named with its reason.
   * Errors: as `save`, but for KAIROS_E_IO. [fit-thread & training] */
  kairos_status (*save_in_background)(kairos_call *call, kairos_str path, int32_t content);
} kairos_model;

#ifdef __cplusplus
}
#endif
#endif
