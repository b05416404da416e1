/* SPDX-License-Identifier: MIT */
/* kairos.optimizer/1: the optimizer's hyper-parameters. */
#ifndef KAIROS_ABI_OPTIMIZER_H
#define KAIROS_ABI_OPTIMIZER_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_OPTIMIZER "kairos.optimizer/1"

typedef struct kairos_optimizer {
  uint32_t size, reserved;

  /* Stores the current value of "learning_rate", "momentum", … in `out`. Errors: KAIROS_E_NOT_FOUND if the optimizer has no
   * hyper-parameter of that name.
   * [fit-thread & set-up] */
  kairos_status (*get)(kairos_call *call, kairos_str name, double *out);

  /* Sets a hyper-parameter for the following steps; it is stored as float32. Errors: KAIROS_E_NOT_FOUND;
   * KAIROS_E_INVALID for NaN, infinity or a negative value; KAIROS_E_DENIED without KAIROS_CAN_SET_OPTIMIZER.
   * [fit-thread & set-up] */
  kairos_status (*set)(kairos_call *call, kairos_str name, double value);
} kairos_optimizer;

#ifdef __cplusplus
}
#endif
#endif
