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

  /* Current value of "learning_rate", "momentum", … Errors: KAIROS_E_NOT_FOUND if this optimizer has none of that name.
   * [fit-thread & set-up] */
  kairos_status (*get)(kairos_call *call, kairos_str name, double *out);

  /* Sets it for the steps that follow; kept as float32. Errors: KAIROS_E_NOT_FOUND; KAIROS_E_INVALID for NaN, infinity or a
   * negative rate; KAIROS_E_DENIED without KAIROS_CAN_SET_OPTIMIZER. [fit-thread & set-up] */
  kairos_status (*set)(kairos_call *call, kairos_str name, double value);
} kairos_optimizer;

#ifdef __cplusplus
}
#endif
#endif
