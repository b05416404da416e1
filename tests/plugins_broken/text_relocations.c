/* SPDX-License-Identifier: MIT */
/* Has an address among its code, which the loader would have to write there. */
#include "fixture.h"

__asm__(".pushsection .text\n.balign 8\n.quad .text\n.popsection");
