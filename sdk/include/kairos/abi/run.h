/* SPDX-License-Identifier: MIT */
/* kairos.run/1: where a training stands, run checkpoints, and going on from one.
 *
 * A run checkpoint is all that a training needs to go on as if it had never ended: model, optimizer, position, order of the data,
 * random numbers, sums behind the logs, History, and the states of all instances. The host keeps those of a directory in its
 * folder `run_checkpoint`, which belongs to the host: nothing is being written there when teardown runs, so that teardown may
 * remove it. Each file is complete and flushed before it gets its name. */
#ifndef KAIROS_ABI_RUN_H
#define KAIROS_ABI_RUN_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_RUN "kairos.run/1"

#define KAIROS_SAVE_RUN 2 /* content in on_checkpoint_saved only; `save` of kairos.model/1 refuses it */

/* An out struct (types.h). */
typedef struct kairos_position {
  uint32_t size, reserved;
  int64_t epoch, batch; /* to be trained next, from 0; in a batch that has begun: that batch */
  int64_t step;         /* optimizer steps since the model was created */
  int64_t pass;         /* over the data, from 0: the one that began last; -1 before the first */
} kairos_position;

/* All functions: KAIROS_E_UNSUPPORTED in a training loop that keeps no run checkpoints, and outside a fit. */
typedef struct kairos_run {
  uint32_t size, reserved;

  /* Stores where the training stands. Errors: KAIROS_E_STATE before on_train_begin and after the training.
   * [fit-thread & running] */
  kairos_status (*position)(kairos_call *call, kairos_position *out);

  /* In on_train_batch_end, on_epoch_end and on_train_end: asks for a run checkpoint in the directory `path`, which is created.
   * It is taken after all hooks of the event, once for all who ask for the same directory, and written while training goes on; if
   * the one before it is still being written, training waits. In on_train_end the run is stored as it was before the hooks of
   * on_train_end, so that it can go on with more epochs. The newest `keep` checkpoints stay, 1 or 2: the second one serves if
   * the first is damaged. When the checkpoint is complete, on_checkpoint_saved with KAIROS_SAVE_RUN goes to every instance, the
   * one that asked too, at the latest at the end of the training. A checkpoint that cannot be written is a failure of the
   * instance that asked; the one before it stays. Errors: KAIROS_E_IO if the directory cannot be created or written to, or if
   * another run writes there; KAIROS_E_RANGE for `keep`; KAIROS_E_INVALID for a path; KAIROS_E_DENIED for the run directory,
   * whose checkpoints are the program's, and without KAIROS_CAN_SAVE_RUN; KAIROS_E_STATE elsewhere. [fit-thread & training] */
  kairos_status (*checkpoint)(kairos_call *call, kairos_str path, uint32_t keep);

  /* In setup: this run goes on from the newest checkpoint in the directory `path`, after all setups and before any state_load:
   * from on_train_begin on, the run event says so. If it is of a run with other data, another model or another seed, the run ends
   * before training. If the user has named what the run goes on from, that wins, with KAIROS_OK. Errors: KAIROS_E_NOT_FOUND if
   * there is none; KAIROS_E_DATA for damaged files; KAIROS_E_IO if another run writes there; KAIROS_E_INVALID for a path;
   * KAIROS_E_DENIED as `checkpoint`; KAIROS_E_STATE elsewhere, or if another instance named another directory.
   * [fit-thread & set-up] */
  kairos_status (*resume_from)(kairos_call *call, kairos_str path);
} kairos_run;

#ifdef __cplusplus
}
#endif
#endif
