// SPDX-License-Identifier: MIT
// The fit loop.
#pragma once

#include <functional>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/fit_facts.hpp"
#include "train/prepared.hpp"

namespace kairos::host {

/// Trains all epochs, or those that FitOptions::resume_from leaves, from train_begin to train_end. `progress`
/// gets each epoch's logs and how the run ended. `before_end` is called when that is known, before train_end.
void run_epochs(Model& model, Prepared& prepared, Callbacks& callbacks, const FitOptions& options,
                FitProgress& progress, FitFacts facts, const std::function<void()>& before_end);

}  // namespace kairos::host
