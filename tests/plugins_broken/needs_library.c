/* SPDX-License-Identifier: MIT */
/* Needs the function of the library that it is linked to. */
#include "fixture.h"

extern int fixture_stub(void);
__attribute__((used)) static int (*const wanted)(void) = fixture_stub;
