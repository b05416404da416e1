/* SPDX-License-Identifier: MIT */
/* kairos.dist/1: where this process stands among those that train together. Present also when it is alone. */
#ifndef KAIROS_ABI_DIST_H
#define KAIROS_ABI_DIST_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_DIST "kairos.dist/1"

typedef struct kairos_dist {
  uint32_t size, reserved;
  int32_t (*rank)(const kairos_host *host);  /* 0 … world - 1. [any-thread & any-state] */
  int32_t (*world)(const kairos_host *host); /* processes; 1 when alone. [any-thread & any-state] */
} kairos_dist;

#ifdef __cplusplus
}
#endif
#endif
