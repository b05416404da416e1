/* SPDX-License-Identifier: MIT */
/* Streams that save and restore the state of an instance. */
#ifndef KAIROS_ABI_STATE_H
#define KAIROS_ABI_STATE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed (until return). */
typedef struct kairos_writer {
  uint32_t size, reserved;
  void *impl;
  /* Appends bytes. Errors: KAIROS_E_MEMORY; KAIROS_E_INVALID for a null pointer. [fit-thread & any-state] */
  kairos_status (*write)(void *impl, const void *bytes, uint64_t count);
} kairos_writer;

/* Borrowed (until return). */
typedef struct kairos_reader {
  uint32_t size;
  uint32_t version; /* state_version of the plugin that saved it */
  void *impl;
  uint64_t total; /* size of the state in bytes */
  /* Reads up to `count` bytes and stores their number in `*got`; 0 at the end. Errors: KAIROS_E_INVALID for a null pointer.
   * [fit-thread & any-state] */
  kairos_status (*read)(void *impl, void *bytes, uint64_t count, uint64_t *got);
} kairos_reader;

#ifdef __cplusplus
}
#endif
#endif
