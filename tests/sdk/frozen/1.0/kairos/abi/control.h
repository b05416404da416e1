/* SPDX-License-Identifier: MIT */
/* kairos.control/1: ending a run. */
#ifndef KAIROS_ABI_CONTROL_H
#define KAIROS_ABI_CONTROL_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_CONTROL "kairos.control/1"

typedef struct kairos_control {
  uint32_t size, reserved;

  /* Asks for the end of the run: at once when asked before the first batch, else after this batch and, with validation
   * and on_epoch_end over what was seen, after this epoch. The first reason is kept; nothing takes a request back.
   * Errors: KAIROS_E_DENIED without KAIROS_CAN_STOP. [fit-thread & set-up] */
  kairos_status (*request_stop)(kairos_call *call, kairos_str reason);

  /* 1 after any instance asked. [fit-thread & set-up] */
  int32_t (*stop_requested)(kairos_call *call);
} kairos_control;

#ifdef __cplusplus
}
#endif
#endif
