/* SPDX-License-Identifier: MIT */
/* The fixture alone: sound, or with the fault that its macros choose. */
#include "fixture.h"
