/* SPDX-License-Identifier: MIT */
/* kairos.step/1: update steps of several batches, frozen weights, and learning rates of single weights. */
#ifndef KAIROS_ABI_STEP_H
#define KAIROS_ABI_STEP_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_STEP "kairos.step/1"

/* Weights are indices of KAIROS_ROLE_WEIGHT. What an instance asks for is part of its saved state, is kept when the instance is
 * disabled, and ends with the training. All functions: KAIROS_E_UNSUPPORTED in a training loop that does not let callbacks control
 * its steps; KAIROS_E_DENIED without KAIROS_CAN_CONTROL_STEP. */
typedef struct kairos_step {
  uint32_t size, reserved;

  /* Makes one step from `batches` batches, from the next group on; an open group keeps its number, also after resuming. 1 ends it.
   * A group never crosses an epoch: its last one may be shorter. The step equals that of one batch with all samples of the group.
   * Errors: KAIROS_E_RANGE for 0; KAIROS_E_STATE if another instance accumulates; KAIROS_E_UNSUPPORTED where the gradient of the
   * large batch is not the sum of those of small ones (several outputs that divide by their own masks or weights, or activity
   * penalties with a loss that does not divide by the samples). [fit-thread & training] */
  kairos_status (*accumulate)(kairos_call *call, uint32_t batches);

  /* In on_backward_end: this step is not made, and the gradients of its group are dropped. Statistics that layers have taken from
   * the batches stay. Errors: KAIROS_E_STATE elsewhere. [fit-thread & training] */
  kairos_status (*discard)(kairos_call *call);

  /* Freezes a weight (1), or releases the freeze of this instance (0); a weight is trained if no instance freezes it. A frozen weight
   * is not updated, decayed, clipped, constrained or averaged, costs no penalty, is not part of the global norm, and keeps its
   * optimizer state; its gradient stays in place and is zero. A BatchNormalization whose gamma and beta are frozen (if it has
   * neither: its averages) runs in inference mode. In on_backward_end this applies from this step on.
   * Errors: KAIROS_E_RANGE for an index; KAIROS_E_INVALID for a number other than 0 and 1. [fit-thread & training] */
  kairos_status (*freeze)(kairos_call *call, uint32_t weight, int32_t frozen);

  /* Factor of the learning rate of a weight, also in its weight decay. Factors of several instances multiply, in the order of their
   * names; 1 ends that of this instance. Errors: KAIROS_E_RANGE for an index, or for a factor that is negative or not finite.
   * [fit-thread & training] */
  kairos_status (*scale_rate)(kairos_call *call, uint32_t weight, double factor);
} kairos_step;

#ifdef __cplusplus
}
#endif
#endif
