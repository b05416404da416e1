/* SPDX-License-Identifier: MIT */
/* kairos.control/1: stop requests. */
#ifndef KAIROS_ABI_CONTROL_H
#define KAIROS_ABI_CONTROL_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_CONTROL "kairos.control/1"

typedef struct kairos_control {
  uint32_t size, reserved;

  /* Requests the end of the run. Before the first batch, the run ends at once. Later, the current batch is finished
   * (with accumulated gradients: the last one of its step), validation and on_epoch_end cover the batches seen so far, and no further epoch begins. The first reason is kept and
   * copied; a request cannot be withdrawn. What is not printable UTF-8 in it is replaced, line feeds by spaces.
   * Errors: KAIROS_E_DENIED without KAIROS_CAN_STOP. [fit-thread & set-up] */
  kairos_status (*request_stop)(kairos_call *call, kairos_str reason);

  /* Returns 1 once any instance has requested a stop, otherwise 0. [fit-thread & set-up] */
  int32_t (*stop_requested)(kairos_call *call);
} kairos_control;

#ifdef __cplusplus
}
#endif
#endif
