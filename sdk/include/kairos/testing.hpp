// SPDX-License-Identifier: MIT
// The header for tests of callbacks, with any test framework: a callback runs in a host without a model or a
// loop. Described in sdk/doc/testing.md.
#pragma once

#include "kairos/testing/fit.hpp"
#include "kairos/testing/host.hpp"
#include "kairos/testing/instance.hpp"
#include "kairos/testing/tables.hpp"
#include "kairos/testing/value.hpp"
