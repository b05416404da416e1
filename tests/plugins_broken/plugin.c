/* SPDX-License-Identifier: MIT */
/* The fixture, without a fault or with the one that its macros select. */
#include "fixture.h"
