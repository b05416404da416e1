/* SPDX-License-Identifier: MIT */
/* Its code contains an address that the loader would have to write. */
#include "fixture.h"

__asm__(".pushsection .text\n.balign 8\n.quad .text\n.popsection");
