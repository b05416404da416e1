/* SPDX-License-Identifier: MIT */
/* The core functions of every host. Everything else is an interface, obtained by id through `query`. */
#ifndef KAIROS_ABI_HOST_H
#define KAIROS_ABI_HOST_H

#include "option.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_LOG_DEBUG 0
#define KAIROS_LOG_INFO 1
#define KAIROS_LOG_WARNING 2
#define KAIROS_LOG_ERROR 3

/* One per instance. Borrowed (until destroy). */
struct kairos_host {
  uint32_t size;
  uint16_t major, minor; /* ABI version of this host */
  const char *name;      /* "kairos" */
  const char *version;   /* version of the host program or library, not of the ABI */
  void *impl;            /* private to the host */

  /* Records the reason of a failure and returns `status`, so that a hook can write `return host->fail(call, status, text)`.
   * The text is copied; the host adds plugin, instance, hook and epoch. A host function that fails has already recorded its
   * reason; the hook only returns its status. The last recorded reason is reported; if `status` is that of a host function that
   * failed in this call, its reason is added to the text. What is not printable UTF-8 is replaced, line feeds by spaces. Status 0
   * becomes KAIROS_E_INTERNAL. [fit-thread & any-state] */
  kairos_status (*fail)(kairos_call *call, kairos_status status, kairos_str text);

  /* Prints a line for the user, prefixed with the instance's name. `level` is one of KAIROS_LOG_…; an unknown one is info. The
   * text is copied. What is not printable UTF-8 is replaced; tabs stay, and line feeds separate lines with a prefix each. After
   * destroy nothing is printed. [any-thread & any-state] */
  void (*log)(const kairos_host *host, int32_t level, kairos_str text);

  /* Stores the validated value of option number `index` of the callback's declaration, or its default, in `out`.
   * Its text is borrowed (until destroy). Errors: KAIROS_E_RANGE; KAIROS_E_STATE after destroy. [any-thread & any-state] */
  kairos_status (*option)(const kairos_host *host, uint32_t index, kairos_value *out);

  /* Returns the table of an interface such as "kairos.logs/1" (static), or null if this host does not offer it.
   * [any-thread & any-state] */
  const void *(*query)(const kairos_host *host, const char *interface_id);

  /* Returns the name of the instance: the text after '@', or the callback's short name. Borrowed (until destroy).
   * [any-thread & any-state] */
  kairos_str (*instance)(const kairos_host *host);

  /* Returns the reason recorded last in this call; empty if none, and on another thread. Borrowed (until a further reason is
   * recorded, at most until return). [fit-thread & any-state] */
  kairos_str (*reason)(kairos_call *call);
};

#ifdef __cplusplus
}
#endif
#endif
