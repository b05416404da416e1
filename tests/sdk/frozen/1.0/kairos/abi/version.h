/* SPDX-License-Identifier: MIT */
/* The version of the ABI, and the version that a plugin asks for. */
#ifndef KAIROS_ABI_VERSION_H
#define KAIROS_ABI_VERSION_H

/* The promise: a plugin built for 1.x loads in every host 1.y with y >= the minor that it requires. A new major gets a new
 * entry symbol and a new note type, so that one shared object can serve two majors. See sdk/doc/compatibility.md. */
#define KAIROS_ABI_MAJOR 1
#define KAIROS_ABI_MINOR 0
#define KAIROS_SDK_PATCH 0
#define KAIROS_SDK_VERSION "1.0.0-rc.1"

/* The minor that a plugin requires of its host. The default is the oldest, so that building against a newer SDK locks nobody
 * out; what newer minors added is declared only where the author raises this. */
#ifndef KAIROS_TARGET_MINOR
#define KAIROS_TARGET_MINOR 0
#endif

#if KAIROS_TARGET_MINOR > KAIROS_ABI_MINOR
#error "KAIROS_TARGET_MINOR is newer than this SDK: install a newer Kairos SDK or lower KAIROS_TARGET_MINOR"
#endif

#endif
