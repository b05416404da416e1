/* SPDX-License-Identifier: MIT */
/* kairos.options/1: what the user set, and the items of options that are lists. */
#ifndef KAIROS_ABI_OPTIONS_H
#define KAIROS_ABI_OPTIONS_H

#include "option.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_OPTIONS "kairos.options/1"

typedef struct kairos_options {
  uint32_t size, reserved;

  /* Stores 1 in `out` if the user set option number `index`, 0 if it has its default or no value. Errors: KAIROS_E_RANGE for an
   * unknown option; KAIROS_E_STATE after destroy. [any-thread & any-state] */
  kairos_status (*is_set)(const kairos_host *host, uint32_t index, int32_t *out);

  /* Stores item number `item`, from 0, of an option of type KAIROS_TYPE_LIST in `out`; its type is the option's `item_type`. Text is
   * borrowed (until destroy). Errors: KAIROS_E_RANGE for an unknown option or item; KAIROS_E_INVALID if the option is no list;
   * KAIROS_E_STATE after destroy. [any-thread & any-state] */
  kairos_status (*item)(const kairos_host *host, uint32_t index, uint64_t item, kairos_value *out);
} kairos_options;

#ifdef __cplusplus
}
#endif
#endif
