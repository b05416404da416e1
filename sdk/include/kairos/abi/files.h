/* SPDX-License-Identifier: MIT */
/* kairos.files/1: announces files that no path option names. Options of KAIROS_TYPE_PATH need not be announced. */
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

  /* Announces in setup, before anything runs, that the instance will read or write `path` (absolute, or relative to the
   * current directory, because the plugin opens it by itself). `access` is one of KAIROS_FILE_…. The same instance may read and
   * write one file.
   * Errors: KAIROS_E_DENIED if a file to write would replace data, a configuration, a plugin, a file that another instance
   * reads, or another result; also if a file to read is another instance's result. KAIROS_E_INVALID for an unknown access.
   * [fit-thread & set-up] */
  kairos_status (*announce)(kairos_call *call, kairos_str path, int32_t access);
} kairos_files;

#ifdef __cplusplus
}
#endif
#endif
