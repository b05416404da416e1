/* SPDX-License-Identifier: MIT */
/* Exports two functions that another plugin could bind to by accident. */
#include "fixture.h"

__attribute__((visibility("default"))) int helper(void);
__attribute__((visibility("default"))) int helper(void) {
  return 1;
}
__attribute__((visibility("default"))) int another_helper(void);
__attribute__((visibility("default"))) int another_helper(void) {
  return 2;
}
