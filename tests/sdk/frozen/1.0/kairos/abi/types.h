/* SPDX-License-Identifier: MIT */
/* Scalars, text and status codes: what every other header of the ABI is written in.
 *
 * The rules that hold for all of them:
 *  - A struct that may grow begins with `size`, set by whoever fills it. A reader uses a field only if it lies inside the
 *    smaller of its own sizeof and the filler's size; more is never an error, less than the first released size always is.
 *  - Fields and functions are only appended; none is reused, retyped or moved.
 *  - Growable structs are passed by pointer, and stored only in arrays of pointers: nothing has a hidden stride.
 *  - No enum, bool, long, bit-field, FILE, errno, va_list, C++ type or exception crosses.
 *  - Whoever allocates frees. Nothing that is returned here has to be freed by the other side.
 *  - Text is UTF-8. Text from the host is NUL-terminated as well as counted.
 *
 * Words of lifetime: borrowed (until return), borrowed (until destroy), static (until the process ends).
 * Tags in brackets say when a function may be called, on which thread & in which state:
 *   fit-thread   the thread that is inside a hook of this instance
 *   any-thread   every thread, also at the same time as others
 *   loading      open, create          set-up       setup, and all later hooks
 *   training     on_train_begin … on_train_end, and what happens between
 *   in-batch     from on_train_batch_begin to on_train_batch_end (or their test and predict kin)
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
#define KAIROS_E_NOT_FOUND 2   /* no such key, tensor, hyper-parameter; or a value that is not due in this event */
#define KAIROS_E_RANGE 3       /* index or number outside its range */
#define KAIROS_E_STATE 4       /* legal call at the wrong moment or on the wrong thread */
#define KAIROS_E_UNSUPPORTED 5 /* this host or model cannot do it */
#define KAIROS_E_DENIED 6      /* the capability was not declared or not granted */
#define KAIROS_E_IO 7          /* a file or the network */
#define KAIROS_E_MEMORY 8      /* out of memory */
#define KAIROS_E_DATA 9        /* saved state or a file's content cannot be used */
#define KAIROS_E_EXCEPTION 10  /* the SDK caught an exception of the plugin */
#define KAIROS_E_INTERNAL 11   /* a fault of the host */

/* Text that belongs to someone else. Frozen: 16 bytes. ptr may be null where length is 0. */
typedef struct kairos_str {
  const char *ptr;
  uint64_t length; /* bytes, without the terminator */
} kairos_str;

/* One invocation of a hook: carries the error text and what the host knows of the event. Borrowed (until return). */
typedef struct kairos_call kairos_call;

/* The host as one instance sees it (host.h). Borrowed (until destroy). */
typedef struct kairos_host kairos_host;

#ifdef __cplusplus
}
#endif
#endif
