/* SPDX-License-Identifier: MIT */
/* A library for plugins to need. */
int fixture_stub(void);
int fixture_stub(void) {
  return 1;
}
