/* SPDX-License-Identifier: MIT */
/* What a hook is told. Every event is borrowed (until return) and may grow at its end. */
#ifndef KAIROS_ABI_EVENT_H
#define KAIROS_ABI_EVENT_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Epochs and batches count from 0; steps count optimizer steps from 0 since the model was made. -1 means not known. */

/* A fit, an evaluation or a prediction as a whole. */
typedef struct kairos_run_event {
  uint32_t size;
  int32_t resumed;         /* 1 if saved state was restored: on_train_begin must not reset what it restored */
  int64_t epochs;          /* index after the last epoch, Keras' `epochs`; 0 for evaluate and predict */
  int64_t initial_epoch;   /* index of the first epoch */
  int64_t steps_per_epoch; /* batches in an epoch; batches in all for evaluate and predict */
  int64_t batch_size;      /* samples in a full batch */
  int64_t samples;         /* training samples */
  int64_t validation_samples; /* 0: no validation in this run */
  uint64_t seed;
  kairos_str run_dir; /* absolute; empty if the run has none */
} kairos_run_event;

typedef struct kairos_epoch_event {
  uint32_t size;
  int32_t partial; /* on_epoch_end: 1 if the epoch was cut short by a stop */
  int64_t epoch;
  int64_t step;         /* optimizer steps made so far */
  double learning_rate; /* on_epoch_end: the rate that this epoch's last step used; on_epoch_begin: the current rate */
} kairos_epoch_event;

typedef struct kairos_batch_event {
  uint32_t size;
  int32_t reserved;
  int64_t epoch;   /* -1 outside a fit */
  int64_t batch;   /* in this epoch, test or prediction */
  int64_t batches; /* of this epoch, test or prediction; -1 unknown */
  int64_t step;    /* optimizer steps made so far */
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
#define KAIROS_END_STOPPED 1     /* a callback asked for it */
#define KAIROS_END_FAULT 2       /* an error; on_fault has said which */
#define KAIROS_END_INTERRUPTED 3 /* SIGINT or SIGTERM */

typedef struct kairos_end_event {
  uint32_t size;
  int32_t why;           /* KAIROS_END_… */
  int64_t epochs_run;    /* epochs that ended in this run */
  int64_t step;
  kairos_str reason;     /* of the stop, fault or interruption; empty if completed */
  kairos_str stopped_by; /* instance that asked first; empty if none did */
} kairos_end_event;

typedef struct kairos_checkpoint_event {
  uint32_t size;
  int32_t content; /* KAIROS_SAVE_… (model.h) */
  kairos_str path; /* absolute; complete on disk */
  kairos_str saved_by; /* instance */
} kairos_checkpoint_event;

typedef struct kairos_fault_event {
  uint32_t size;
  kairos_status status;
  kairos_str instance; /* the one that failed; empty if the model or the loop did */
  kairos_str hook;
  kairos_str message;
} kairos_fault_event;

typedef struct kairos_interrupt_event {
  uint32_t size;
  int32_t signal; /* SIGINT, SIGTERM */
} kairos_interrupt_event;

#ifdef __cplusplus
}
#endif
#endif
