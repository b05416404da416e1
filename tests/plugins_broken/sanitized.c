/* SPDX-License-Identifier: MIT */
/* Needs a function of AddressSanitizer's runtime. */
#include "fixture.h"

extern void __asan_init(void);
__attribute__((used)) static void (*const wanted)(void) = __asan_init;
