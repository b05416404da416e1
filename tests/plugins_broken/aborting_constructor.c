/* SPDX-License-Identifier: MIT */
/* Loading it ends the process: whoever lists it must not load it. */
#include <stdlib.h>

#include "fixture.h"

__attribute__((constructor)) static void end_the_process(void) {
  abort();
}
