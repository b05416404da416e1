/* SPDX-License-Identifier: MIT */
/* kairos.files/1: files that no option names by itself. Options of KAIROS_TYPE_PATH need no word here: their flags say all. */
#ifndef KAIROS_ABI_FILES_H
#define KAIROS_ABI_FILES_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_FILES "kairos.files/1"

#define KAIROS_FILE_READ 1  /* a file or directory that must not change during the run */
#define KAIROS_FILE_WRITE 2 /* a file or directory that the instance creates, replaces or adds to */

typedef struct kairos_files {
  uint32_t size, reserved;

  /* Says what the instance is going to do with `path`, which is absolute or relative to the current directory; in setup, so that
   * nothing has run yet. What one instance reads and writes is its own affair. Errors: KAIROS_E_DENIED where a file that is
   * written would take the place of data, of a configuration, of a plugin, of what another instance reads or of another result,
   * or where a file that is read is another's result; KAIROS_E_INVALID. [fit-thread & set-up] */
  kairos_status (*announce)(kairos_call *call, kairos_str path, int32_t access);
} kairos_files;

#ifdef __cplusplus
}
#endif
#endif
