/* SPDX-License-Identifier: MIT */
/* Links a function of the host by name instead of using a table. */
#include "fixture.h"

extern int kairos_request_stop(void);
__attribute__((used)) static int (*const wanted)(void) = kairos_request_stop;
