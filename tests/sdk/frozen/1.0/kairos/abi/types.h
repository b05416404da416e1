/* SPDX-License-Identifier: MIT */
/* Scalars, text and status codes, used by all other ABI headers.
 *
 * Rules for all headers:
 *  - A struct that may grow begins with `size`, the filler's sizeof. A reader uses a field only if it lies within both its own
 *    sizeof and that size, and takes the rest as zero. A size below that of the minor that introduced the struct is refused.
 *  - An out struct is filled by the host; the caller sets `size` to its own sizeof first. The host writes min(size, own) bytes
 *    and sets `size` to that: a field beyond it does not exist. On failure nothing is written.
 *  - An in struct is filled by a plugin for one call. Bytes beyond the host's own size must be zero, else KAIROS_E_UNSUPPORTED.
 *  - `reserved` is 0. A host that knows the plugin's minor (minor_built <= its own) refuses anything else.
 *  - A number that the host does not know is refused: KAIROS_E_INVALID in a closed list (access, direction, 0 or 1), else
 *    KAIROS_E_UNSUPPORTED. An unknown role has count 0 and is KAIROS_E_RANGE to borrow; an unknown level is printed as info.
 *    A plugin that meets an unknown number in an event ignores the event; an unknown `why` is neither completion nor stop;
 *    values of an unknown dtype are not read.
 *  - Flags: a host that knows the plugin's minor refuses every unknown bit; of a newer minor it refuses unknown bits 0 to 15 and
 *    ignores unknown bits 16 to 31. An unknown capability of a newer minor is not granted.
 *  - A status other than 0 is a failure, also a negative one.
 *  - A null pointer, text that is not UTF-8, or a control character in a name, key or path: KAIROS_E_INVALID. A function that
 *    cannot fail then does nothing. Text for the user (`log`, `fail`, `request_stop`) is not refused: what is not printable UTF-8
 *    is replaced.
 *  - A relative path is resolved when received, against the run directory, else the current one; but `announce`: the current one.
 *  - A capability in a tag is required: KAIROS_E_DENIED without it.
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
 *   loading      create                set-up       setup, and all later hooks
 *   running      hooks with an event between setup and teardown, both excluded, of a fit, an evaluation or a prediction
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

/* Result of every fallible call. Any value other than KAIROS_OK is a failure. */
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
#define KAIROS_E_BUSY 12       /* no room, or not done in time: asking again may succeed */

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
