// SPDX-License-Identifier: MIT
// The version of the host: the program `kairos`, Kairos::callbacks and Kairos::host.
#pragma once

/// Version of the host, independent of the version of the ABI and the SDK, which is in kairos/abi/version.h.
#define KAIROS_HOST_MAJOR 0
#define KAIROS_HOST_MINOR 9
#define KAIROS_HOST_PATCH 0
#define KAIROS_HOST_VERSION "0.9.0"
