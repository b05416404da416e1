/* SPDX-License-Identifier: MIT */
/* The event structs that hooks receive. Every event is borrowed (until return). Later minors may append fields. */
#ifndef KAIROS_ABI_EVENT_H
#define KAIROS_ABI_EVENT_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Epochs and batches are numbered from 0. `step` is the number of optimizer steps since the model was created. -1 means
 * unknown. */

#define KAIROS_MODE_FIT 1
#define KAIROS_MODE_EVALUATE 2
#define KAIROS_MODE_PREDICT 3

/* A fit, an evaluation or a prediction as a whole. */
typedef struct kairos_run_event {
  uint32_t size;
  int32_t resumed;         /* 1 if the state of this instance was restored; on_train_begin must not reset it */
  int64_t epochs;          /* index after the last epoch (Keras' `epochs`); 0 for evaluate and predict */
  int64_t initial_epoch;   /* index of the first epoch */
  int64_t steps_per_epoch; /* batches per epoch; for evaluate and predict, all batches */
  int64_t batch_size;      /* samples in a full batch */
  int64_t samples;         /* training samples; -1 unknown */
  int64_t validation_samples; /* 0 if the run has no validation; -1 unknown */
  uint64_t seed;
  kairos_str run_dir;  /* absolute; exists from setup on; empty if the run has none */
  int32_t mode;        /* KAIROS_MODE_… */
  int32_t run_resumed; /* 1 if the run goes on from the saved state of an earlier one, whether or not this instance has any */
  int32_t rank;        /* of this process, from 0; constant during the run */
  int32_t world;       /* number of processes; 1 in a single process */
} kairos_run_event;

typedef struct kairos_epoch_event {
  uint32_t size;
  int32_t partial; /* on_epoch_end: 1 if a stop left out batches of the epoch */
  int64_t epoch;
  int64_t step;         /* optimizer steps so far */
  double learning_rate; /* on_epoch_end: rate of this epoch's last step; on_epoch_begin: current rate; NaN if there is none */
} kairos_epoch_event;

typedef struct kairos_batch_event {
  uint32_t size;
  int32_t stepped; /* on_train_batch_end: 1 if the optimizer made a step after this batch; else 0 */
  int64_t epoch;   /* -1 outside a fit */
  int64_t batch;   /* in this epoch, test or prediction */
  int64_t batches; /* of this epoch, test or prediction; -1 unknown */
  int64_t step;    /* optimizer steps so far */
  int64_t samples; /* in this batch */
} kairos_batch_event;

/* A pass over validation or test data. */
typedef struct kairos_test_event {
  uint32_t size;
  int32_t in_fit; /* 1 for the validation inside a fit, 0 for evaluate */
  int64_t epoch;  /* -1 outside a fit */
  int64_t batches;
  int64_t step;
} kairos_test_event;

#define KAIROS_END_COMPLETED 0   /* all epochs ran */
#define KAIROS_END_STOPPED 1     /* a callback requested a stop */
#define KAIROS_END_FAULT 2       /* an error, reported by on_fault */
#define KAIROS_END_INTERRUPTED 3 /* a signal requested the end of the process */

typedef struct kairos_end_event {
  uint32_t size;
  int32_t why;           /* KAIROS_END_… */
  int64_t epochs_run;    /* epochs completed in this run */
  int64_t step;
  kairos_str reason;     /* of the stop, fault or interrupt; empty if completed */
  kairos_str stopped_by; /* instance that requested the stop first; empty if none did */
} kairos_end_event;

typedef struct kairos_checkpoint_event {
  uint32_t size;
  int32_t content; /* KAIROS_SAVE_… (model.h, run.h) */
  kairos_str path; /* absolute; the file is complete; of KAIROS_SAVE_RUN, the directory */
  kairos_str saved_by; /* instance that saved it */
  kairos_str label;    /* of the weights in it, as in swap_in (weights.h); empty: the weights that are trained */
} kairos_checkpoint_event;

typedef struct kairos_fault_event {
  uint32_t size;
  kairos_status status;
  kairos_str instance; /* instance that failed; empty if the model or the loop failed */
  kairos_str hook;
  kairos_str message;
} kairos_fault_event;

typedef struct kairos_interrupt_event {
  uint32_t size;
  int32_t signal; /* number of the signal, such as SIGINT */
} kairos_interrupt_event;

#ifdef __cplusplus
}
#endif
#endif
