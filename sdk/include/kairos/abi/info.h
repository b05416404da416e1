/* SPDX-License-Identifier: MIT */
/* kairos.info/1: what a report says about a run besides its numbers. */
#ifndef KAIROS_ABI_INFO_H
#define KAIROS_ABI_INFO_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_INFO "kairos.info/1"

/* Lists. One that the training loop does not fill is empty. */
#define KAIROS_INFO_SETTINGS 1    /* name and value of each setting in effect; secrets are replaced by *** */
#define KAIROS_INFO_ENVIRONMENT 2 /* versions and machine: name and value */
#define KAIROS_INFO_CLASSES 3     /* name of the class of each number, from 0, of a target with names; no value */
#define KAIROS_INFO_COLUMNS 4     /* name of each column of the inputs from a table; the value is the name of the input */

typedef struct kairos_info {
  uint32_t size, reserved;

  /* Returns the number of entries of a list; 0 for an unknown one. [fit-thread & set-up] */
  uint32_t (*count)(kairos_call *call, int32_t list);

  /* Stores an entry of a list. The texts are UTF-8, borrowed (until destroy). Errors: KAIROS_E_RANGE for an entry and for an unknown
   * list. [fit-thread & set-up] */
  kairos_status (*entry)(kairos_call *call, int32_t list, uint32_t index, kairos_str *name, kairos_str *value);
} kairos_info;

#ifdef __cplusplus
}
#endif
#endif
