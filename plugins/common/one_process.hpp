// SPDX-License-Identifier: MIT
// For callbacks that need to see all samples.
#pragma once

#include <kairos/error.hpp>
#include <kairos/event.hpp>
#include <string>

namespace kairos::plugins {

/// Rejects a run of several processes, in which this one sees a part of the samples.
inline void require_one_process(const Run& run) {
  if (run.world() > 1)
    throw Error("this callback needs all samples in one process, and the run has " +
                std::to_string(run.world()) + ". Evaluate the saved model in a single process");
}

}  // namespace kairos::plugins
