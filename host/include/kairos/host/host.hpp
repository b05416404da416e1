// SPDX-License-Identifier: MIT
// Everything that a program needs to train with Kairos or to host its callbacks.
#pragma once

#include "kairos/host/borrowed_samples.hpp"
#include "kairos/host/callbacks.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/dataset.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/history.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/plugins.hpp"
#include "kairos/host/version.hpp"
