/* SPDX-License-Identifier: MIT */
/* Wants a function of the host by its name instead of taking it from a table. */
#include "fixture.h"

extern int kairos_request_stop(void);
__attribute__((used)) static int (*const wanted)(void) = kairos_request_stop;
