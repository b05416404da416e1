/* SPDX-License-Identifier: MIT */
/* A library that plugins link. */
int fixture_stub(void);
int fixture_stub(void) {
  return 1;
}
