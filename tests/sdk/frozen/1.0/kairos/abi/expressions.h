/* SPDX-License-Identifier: MIT */
/* kairos.expressions/1: the value of an option of type expression. */
#ifndef KAIROS_ABI_EXPRESSIONS_H
#define KAIROS_ABI_EXPRESSIONS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_EXPRESSIONS "kairos.expressions/1"

typedef struct kairos_expressions {
  uint32_t size, reserved;

  /* Evaluates the expression option at `option` with `count` variables in the order of its `choices`. The syntax was checked
   * before create. Errors: KAIROS_E_RANGE for an option that is no expression or a wrong count; KAIROS_E_INVALID where the
   * formula has no value. [fit-thread & any-state] */
  kairos_status (*evaluate)(kairos_call *call, uint32_t option, const double *variables, uint32_t count, double *out);
} kairos_expressions;

#ifdef __cplusplus
}
#endif
#endif
