/* SPDX-License-Identifier: MIT */
/* Options. The plugin declares them; the host checks the values before it creates an instance. */
#ifndef KAIROS_ABI_OPTION_H
#define KAIROS_ABI_OPTION_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAIROS_TYPE_ABSENT 0     /* no value: no default, and not set by the user */
#define KAIROS_TYPE_BOOL 1       /* integer 0 or 1 */
#define KAIROS_TYPE_INT 2        /* integer */
#define KAIROS_TYPE_FLOAT 3      /* number */
#define KAIROS_TYPE_STRING 4     /* text */
#define KAIROS_TYPE_ENUM 5       /* text, one of `choices` */
#define KAIROS_TYPE_PATH 6       /* text, an absolute path; see KAIROS_OPTION_READS for relative ones */
#define KAIROS_TYPE_DURATION 7   /* integer, nanoseconds; written as "90s", "5m", "1h30m" */
#define KAIROS_TYPE_METRIC 8     /* text, a log key; checked after the setups of the phase measure (unless on_missing=warn) */
#define KAIROS_TYPE_EXPRESSION 9 /* text, a formula over the variables in `choices`; evaluated by kairos.expressions/1 */
#define KAIROS_TYPE_LIST 10      /* items of one type, `item_type`, written as "0.1,0.2": integer is their number (0 in a default), text
                                    the items as written, separated by commas. kairos.options/1 gives the items; bounds, choices and
                                    unit are those of an item */

/* A typed value. Frozen: 40 bytes. It has no union, so that C and C++17 can initialize it as a constant. Fields that the type
 * does not use are zero. */
typedef struct kairos_value {
  int32_t type; /* KAIROS_TYPE_… */
  uint32_t reserved;
  int64_t integer;
  double number;
  kairos_str text;
} kairos_value;

#define KAIROS_OPTION_REQUIRED (1u << 0)      /* no default; the user must set it */
#define KAIROS_OPTION_MIN_EXCLUSIVE (1u << 1) /* the value must be greater than `min`, not equal */
#define KAIROS_OPTION_MAX_EXCLUSIVE (1u << 2) /* the value must be less than `max`, not equal */
#define KAIROS_OPTION_SECRET (1u << 3)        /* a string without a default, such as a token: the host never prints or stores
                                                 the value. The user may write env:NAME or file:PATH, which the host reads */

/* For KAIROS_TYPE_PATH: how the callback uses the file or directory. Before anything runs, the host rejects a written file that
 * would replace data, a configuration, a plugin, a file that a callback reads, or another result. A path with neither READS nor
 * WRITES is treated as WRITES. */
#define KAIROS_OPTION_READS (1u << 4)     /* read; must not change during the run. Without WRITES, relative to the current
                                             directory; all other paths are relative to the run directory, if there is one */
#define KAIROS_OPTION_WRITES (1u << 5)    /* written, created or replaced */
#define KAIROS_OPTION_DIRECTORY (1u << 6) /* with WRITES: a directory in which the callback creates files */
#define KAIROS_OPTION_SAVES (1u << 7)     /* with WRITES: only passed to kairos.model/1, which replaces files atomically. It may
                                             name the model that the run started from. It may contain fields in braces, as in
                                             "m-{epoch}.keras"; the host checks each name when it is saved */

/* Saved state depends on the value: if the user changes it, the state is not restored, with a warning. Not for secrets. */
#define KAIROS_OPTION_STATE (1u << 8)

/* From a newer minor, a host refuses unknown bits 0 to 15 and ignores unknown bits 16 to 31. */

/* Declaration of one option. Everything is static. */
typedef struct kairos_option {
  uint32_t size;
  uint32_t flags; /* KAIROS_OPTION_… */
  int32_t type;   /* KAIROS_TYPE_… */
  uint32_t reserved;
  const char *name;    /* key in the configuration, snake_case */
  const char *help;    /* one sentence, shown by `kairos plugins inspect` */
  const char *aliases; /* alternative keys, "epsilon,delta"; null for none */
  const char *unit;    /* "epochs"; null for none */
  const char *choices; /* KAIROS_TYPE_ENUM, and a list of it: "auto,min,max". KAIROS_TYPE_EXPRESSION: the variables, "epoch,lr". Else
                          null */
  kairos_value initial;  /* the default; KAIROS_TYPE_ABSENT for none */
  kairos_value min;      /* lower bound, of the option's type, of a list of `item_type`; KAIROS_TYPE_ABSENT for none */
  kairos_value max;      /* upper bound, of the option's type, of a list of `item_type`; KAIROS_TYPE_ABSENT for none */
  const char *deprecated; /* why, and what to use instead: the host warns with this sentence if the user sets the option; null if it
                             is not deprecated */
  int32_t item_type;      /* KAIROS_TYPE_LIST: BOOL, INT, FLOAT, STRING, ENUM or DURATION. Else 0 */
  uint32_t reserved_end;
} kairos_option;

#ifdef __cplusplus
}
#endif
#endif
