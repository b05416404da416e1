/* SPDX-License-Identifier: MIT */
/* The small core that every plugin may rely on. Everything else is an interface that is asked for by its id. */
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

/* One for each instance; static data but for `impl`. Borrowed (until destroy). */
struct kairos_host {
  uint32_t size;
  uint16_t major, minor; /* of the ABI that this host offers */
  const char *name;      /* "kairos" */
  const char *version;   /* of the host, "1.0.0" */
  void *impl;            /* the host's own; not for plugins */

  /* Records why a call fails and returns `status`, so that a hook can say `return host->fail(call, status, text)`.
   * The text is copied; the host adds plugin, instance, hook and epoch. A function of the host that failed has recorded its
   * reason by itself: returning its status is enough. The last reason recorded counts. [fit-thread & any-state] */
  kairos_status (*fail)(kairos_call *call, kairos_status status, kairos_str text);

  /* A line for the user, under the instance's name. The text is copied. [any-thread & any-state] */
  void (*log)(const kairos_host *host, int32_t level, kairos_str text);

  /* Value of the option at `index` of the callback's declaration, validated, default filled in.
   * Text in it is borrowed (until destroy). Errors: KAIROS_E_RANGE. [fit-thread & any-state] */
  kairos_status (*option)(const kairos_host *host, uint32_t index, kairos_value *out);

  /* The table of an interface such as "kairos.logs/1", static; null if this host has none of that id.
   * [any-thread & any-state] */
  const void *(*query)(const kairos_host *host, const char *interface_id);

  /* Name of the instance: what stands after '@', else the callback's short name. Borrowed (until destroy).
   * [any-thread & any-state] */
  kairos_str (*instance)(const kairos_host *host);
};

#ifdef __cplusplus
}
#endif
#endif
