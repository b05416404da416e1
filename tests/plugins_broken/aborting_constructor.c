/* SPDX-License-Identifier: MIT */
/* Its constructor ends the process, so listing it must not load it. */
#include <stdlib.h>

#include "fixture.h"

__attribute__((constructor)) static void end_the_process(void) {
  abort();
}
