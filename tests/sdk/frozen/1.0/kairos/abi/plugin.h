/* SPDX-License-Identifier: MIT */
/* The hooks of a callback, its declaration, and the symbol that a plugin exports. */
#ifndef KAIROS_ABI_PLUGIN_H
#define KAIROS_ABI_PLUGIN_H

#include "artifacts.h"
#include "event.h"
#include "host.h"
#include "option.h"
#include "state.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Null hooks are not called and cost nothing. Hooks run on the fit thread, one at a time per instance. `self` is the pointer that
 * create stored. A status other than KAIROS_OK is a failure, handled by the instance's policy (fatal, disable, warn).
 * Order and contents of every event: sdk/doc/lifecycle.md.
 *
 * Hooks share the process with the training. A plugin leaves alone: locale, floating-point mode (rounding, traps, denormals), signal
 * handlers and masks, umask, working directory, descriptors 0 to 2; it does not fork, exit or unload. To run a program, use
 * posix_spawn. What happens otherwise: sdk/doc/abi.md, "The process". */
typedef struct kairos_hooks {
  uint32_t size, reserved;

  /* Required. Creates an instance and stores it in `*self`. Options are readable. On failure it must free everything. Success
   * with `*self` null is a callback without data: its hooks get null.
   * [fit-thread & loading] */
  kairos_status (*create)(const kairos_host *host, kairos_call *call, void **self);
  /* Frees the instance; its tasks have been joined. Called once for each successful create, but not for an instance whose task did
   * not end within a second after an interrupt: its memory and code stay until the process ends. May be null; must not throw.
   * [fit-thread & any-state] */
  void (*destroy)(void *self);

  /* The model and the log keys are known, nothing has run, and state is not yet restored. Report configuration errors here.
   * [fit-thread & set-up] */
  kairos_status (*setup)(void *self, kairos_call *call, const kairos_run_event *event);
  /* Called once for each successful setup, also after a fault. [fit-thread & set-up] */
  kairos_status (*teardown)(void *self, kairos_call *call, const kairos_end_event *event);

  /* Must write the same bytes for the same state. Called after all hooks of an event. [fit-thread & set-up] */
  kairos_status (*state_save)(void *self, kairos_call *call, const kairos_writer *out);
  /* Called between setup and on_train_begin. On failure the instance must be unchanged. [fit-thread & set-up] */
  kairos_status (*state_load)(void *self, kairos_call *call, const kairos_reader *in);

  /* Inside a fit. [fit-thread & training] */
  kairos_status (*on_train_begin)(void *self, kairos_call *call, const kairos_run_event *event);
  kairos_status (*on_train_end)(void *self, kairos_call *call, const kairos_end_event *event);
  kairos_status (*on_epoch_begin)(void *self, kairos_call *call, const kairos_epoch_event *event);
  kairos_status (*on_epoch_end)(void *self, kairos_call *call, const kairos_epoch_event *event);
  kairos_status (*on_train_batch_begin)(void *self, kairos_call *call, const kairos_batch_event *event);
  /* Before each step, on the sum of its batches. Gradients are readable, and writable with KAIROS_CAN_WRITE_GRADIENTS. */
  kairos_status (*on_backward_end)(void *self, kairos_call *call, const kairos_batch_event *event);
  kairos_status (*on_train_batch_end)(void *self, kairos_call *call, const kairos_batch_event *event);

  /* Validation inside a fit, and evaluate. [fit-thread & running] */
  kairos_status (*on_test_begin)(void *self, kairos_call *call, const kairos_test_event *event);
  kairos_status (*on_test_end)(void *self, kairos_call *call, const kairos_test_event *event);
  kairos_status (*on_test_batch_begin)(void *self, kairos_call *call, const kairos_batch_event *event);
  kairos_status (*on_test_batch_end)(void *self, kairos_call *call, const kairos_batch_event *event);

  /* [fit-thread & running] */
  kairos_status (*on_predict_begin)(void *self, kairos_call *call, const kairos_run_event *event);
  kairos_status (*on_predict_end)(void *self, kairos_call *call, const kairos_end_event *event);
  kairos_status (*on_predict_batch_begin)(void *self, kairos_call *call, const kairos_batch_event *event);
  kairos_status (*on_predict_batch_end)(void *self, kairos_call *call, const kairos_batch_event *event);

  /* A file written through kairos.model/1 is complete; not called for the instance that saved it. Or a run checkpoint (run.h) is;
   * called for every instance. [fit-thread & running] */
  kairos_status (*on_checkpoint_saved)(void *self, kairos_call *call, const kairos_checkpoint_event *event);
  /* The run ends because the model, the loop or another instance failed. [fit-thread & running] */
  kairos_status (*on_fault)(void *self, kairos_call *call, const kairos_fault_event *event);
  /* A signal requested the end of the process; the run stops after the current batch. [fit-thread & running] */
  kairos_status (*on_interrupt)(void *self, kairos_call *call, const kairos_interrupt_event *event);

  /* Another instance has published an artifact (artifacts.h). Called after all hooks of the event in which it did, for one artifact
   * after the other. A failure is one of this instance. [fit-thread & running] */
  kairos_status (*on_artifact)(void *self, kairos_call *call, const kairos_artifact *artifact);
} kairos_hooks;

/* Phases run in this order inside an event. Later phases see the values that earlier ones published. */
#define KAIROS_PHASE_MEASURE 1
#define KAIROS_PHASE_DECIDE 2
#define KAIROS_PHASE_REPORT 3
#define KAIROS_PHASE_PERSIST 4

/* Capabilities: what a callback may change. Without the bit, the host function returns KAIROS_E_DENIED. */
#define KAIROS_CAN_STOP (1ull << 0)
#define KAIROS_CAN_SET_OPTIMIZER (1ull << 1)
#define KAIROS_CAN_WRITE_WEIGHTS (1ull << 2) /* and optimizer slots */
#define KAIROS_CAN_WRITE_GRADIENTS (1ull << 3)
#define KAIROS_CAN_SAVE_MODEL (1ull << 4)
#define KAIROS_CAN_WRITE_BATCH (1ull << 5) /* inputs, targets and sample weights of a training batch */
#define KAIROS_CAN_CONTROL_STEP (1ull << 6)
#define KAIROS_CAN_SAVE_RUN (1ull << 7) /* and go on from a saved run */
#define KAIROS_CAN_RUN_COMMANDS (1ull << 8) /* starts programs that its options name. A plugin needs no host function to do so; the
                                               host asks the user before it takes such options from a file */

/* Flags of a callback. From a newer minor, a host refuses unknown bits 0 to 15 and ignores unknown bits 16 to 31.
 * In distributed training, callbacks of the phases measure and decide run on every rank, those of report and persist on
 * rank 0. */
#define KAIROS_CALLBACK_EVERY_RANK (1u << 16) /* runs on every rank, whatever its phase */

/* Declaration of one callback. Everything is static. */
typedef struct kairos_callback {
  uint32_t size;
  int32_t phase;          /* KAIROS_PHASE_… */
  uint64_t capabilities;  /* KAIROS_CAN_… */
  const char *id;         /* reverse domain and name, "com.example.StallStop"; the short name follows the last '.' */
  const char *summary;    /* one sentence */
  const char *publishes;  /* keys that it may publish, "score:max,{monitor}_smooth,rate"; grammar: abi.md; null for none */
  uint32_t state_version; /* 0: no state. Raise it when the meaning of the saved bytes changes */
  uint32_t oldest_state_version; /* oldest version that state_load can read */
  const kairos_option *const *options;
  uint32_t option_count;
  uint32_t flags; /* KAIROS_CALLBACK_… */
  const kairos_hooks *hooks;
  const char *aliases; /* former ids, "com.example.OldName,…": the host takes them in configurations and for saved state; null for
                          none */
  const char *before;  /* ids of callbacks of the same phase, separated by commas, that are called after this one; those that are not
                          part of the run are ignored. Stronger than the user's order. Null for none */
  const char *after;   /* the same for those that are called before this one */
} kairos_callback;

#define KAIROS_PLUGIN_MAGIC 0x5249414Bu /* "KAIR" in memory */

/* The exported symbol: constant data named KAIROS_PLUGIN_SYMBOL, independent of the file name. */
typedef struct kairos_plugin {
  uint32_t magic; /* KAIROS_PLUGIN_MAGIC */
  uint32_t size;
  uint16_t major, minor_required, minor_built, reserved;
  const char *version; /* of the plugin */
  const kairos_callback *const *callbacks;
  uint32_t callback_count, flags; /* flags: 0; no flag is defined */
} kairos_plugin;

#define KAIROS_PLUGIN_SYMBOL "kairos_plugin_v1"

#ifdef __cplusplus
}
#endif
#endif
