/* SPDX-License-Identifier: MIT */
/* Scalars, text and status codes, used by all other ABI headers.
 *
 * Rules for all headers:
 *  - A struct that may grow begins with `size`, set by the side that fills it. A reader uses a field only if it lies within both
 *    its own sizeof and that size. A larger size is never an error; a size below the first released one always is.
 *  - Fields and functions are only appended. None is reused, retyped or moved.
 *  - Growable structs are passed by pointer and stored in arrays of pointers, so that no array stride depends on their size.
 *  - No enum, bool, long, bit-field, FILE, errno, va_list, C++ type or exception crosses the boundary.
 *  - The side that allocates memory frees it. Nothing returned by the host has to be freed by a plugin, or vice versa.
 *  - Text is UTF-8. Text from the host is NUL-terminated as well as counted.
 *
 * Lifetimes: borrowed (until return), borrowed (until destroy), static (until the process ends).
 * Tags in brackets say on which thread & in which state a function may be called:
 *   fit-thread   the thread that is inside a hook of this instance
 *   any-thread   any thread, also concurrently
 *   loading      open, create          set-up       setup, and all later hooks
 *   training     from on_train_begin to on_train_end
 *   in-batch     from on_train_batch_begin to on_train_batch_end (or the test and predict hooks)
 *   any-state    from create to destroy                                                                               */
#ifndef KAIROS_ABI_TYPES_H
#define KAIROS_ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Result of every fallible call. Unknown positive values mean failure. */
typedef int32_t kairos_status;
#define KAIROS_OK 0
#define KAIROS_E_INVALID 1     /* a bad argument or option value */
#define KAIROS_E_NOT_FOUND 2   /* unknown key, tensor or hyper-parameter; or a value unavailable in this event */
#define KAIROS_E_RANGE 3       /* index or number out of range */
#define KAIROS_E_STATE 4       /* call at the wrong time or on the wrong thread */
#define KAIROS_E_UNSUPPORTED 5 /* not supported by this host or model */
#define KAIROS_E_DENIED 6      /* the capability was not declared or not granted */
#define KAIROS_E_IO 7          /* file or network error */
#define KAIROS_E_MEMORY 8      /* out of memory */
#define KAIROS_E_DATA 9        /* saved state or a file's content is unusable */
#define KAIROS_E_EXCEPTION 10  /* the SDK caught an exception in the plugin */
#define KAIROS_E_INTERNAL 11   /* a bug in the host */

/* A view of text. It does not own it. Frozen: 16 bytes. ptr may be null if length is 0. */
typedef struct kairos_str {
  const char *ptr;
  uint64_t length; /* bytes, without the terminator */
} kairos_str;

/* One invocation of a hook. It holds the error text and the host's data of the event. Borrowed (until return). */
typedef struct kairos_call kairos_call;

/* The host as one instance sees it (host.h). Borrowed (until destroy). */
typedef struct kairos_host kairos_host;

#ifdef __cplusplus
}
#endif
#endif
