/* SPDX-License-Identifier: MIT */
/* What the probe plugin and the tests that steer it share. */
#ifndef PROBE_H
#define PROBE_H

#include <kairos/abi.h>

/* The test; its address in hexadecimal is the option `test` of the callback. */
typedef struct probe_test {
  void* arg;
  /* Called in each hook; its status is that of the hook. `event` is the argument behind `call`: an event, a
   * writer, a reader, or null in create. */
  kairos_status (*at)(void* arg, const kairos_host* host, kairos_call* call, const char* hook,
                      const void* event);
} probe_test;

#endif
