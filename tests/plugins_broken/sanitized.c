/* SPDX-License-Identifier: MIT */
/* Needs a function of ThreadSanitizer's runtime. */
#include "fixture.h"

extern void __tsan_init(void);
__attribute__((used)) static void (*const wanted)(void) = __tsan_init;
