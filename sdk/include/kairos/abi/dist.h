/* SPDX-License-Identifier: MIT */
/* kairos.dist/1: the rank of this process in distributed training. Also available in a single process. */
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
  int32_t (*world)(const kairos_host *host); /* number of processes, at least 1. [any-thread & any-state] */
} kairos_dist;

#ifdef __cplusplus
}
#endif
#endif
