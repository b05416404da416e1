/* SPDX-License-Identifier: MIT */
/* kairos.expressions/1: evaluation of options of type KAIROS_TYPE_EXPRESSION. */
#ifndef KAIROS_ABI_EXPRESSIONS_H
#define KAIROS_ABI_EXPRESSIONS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_EXPRESSIONS "kairos.expressions/1"

typedef struct kairos_expressions {
  uint32_t size, reserved;

  /* Evaluates the expression of option number `option`. `variables` holds `count` values in the order of the option's
   * `choices`. The syntax was checked before create. Errors: KAIROS_E_RANGE if the option is not an expression or `count` is
   * wrong; KAIROS_E_INVALID if the formula cannot be evaluated. [fit-thread & any-state] */
  kairos_status (*evaluate)(kairos_call *call, uint32_t option, const double *variables, uint32_t count, double *out);
} kairos_expressions;

#ifdef __cplusplus
}
#endif
#endif
