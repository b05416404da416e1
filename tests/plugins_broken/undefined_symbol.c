/* SPDX-License-Identifier: MIT */
/* Needs a function that no library has; only the system's loader detects it. */
#include "fixture.h"

extern int fixture_of_nobody(void);
__attribute__((used)) static int (*const wanted)(void) = fixture_of_nobody;
