/* SPDX-License-Identifier: MIT */
/* The version of the ABI and of the SDK, and the minor that a plugin requires. */
#ifndef KAIROS_ABI_VERSION_H
#define KAIROS_ABI_VERSION_H

/* A plugin built for ABI 1.x loads in every host that offers ABI 1.y, if y >= the minor that the plugin requires. A new major has
 * a new entry symbol and a new note type, so that one shared object can serve two majors. See sdk/doc/compatibility.md.
 * These are not the version of the host, which is in kairos/host/version.hpp. */
#define KAIROS_ABI_MAJOR 1
#define KAIROS_ABI_MINOR 0
#define KAIROS_SDK_PATCH 0
#define KAIROS_SDK_VERSION "1.0.0-rc.1"

/* The minor that a plugin requires of its host. The default is the oldest, so that a plugin built against a newer SDK loads in
 * every host. Define it to a higher minor to use what that minor added. */
#ifndef KAIROS_TARGET_MINOR
#define KAIROS_TARGET_MINOR 0
#endif

#if KAIROS_TARGET_MINOR > KAIROS_ABI_MINOR
#error "KAIROS_TARGET_MINOR is newer than this SDK: install a newer Kairos SDK or lower KAIROS_TARGET_MINOR"
#endif

#endif
