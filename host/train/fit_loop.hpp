// SPDX-License-Identifier: MIT
// The fit loop.
#pragma once

#include <functional>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/asked_checkpoints.hpp"
#include "train/fit_facts.hpp"
#include "train/prepared.hpp"

namespace kairos::host {

/// What a training needs to be saved and to go on.
struct Continuation {
  FitFacts facts;                          ///< of each copy of the run
  const FitResumption* earlier = nullptr;  ///< to go on from; null to begin
  AskedCheckpoints& asked;
};

/// Trains all epochs, or those that are left of an earlier run, from train_begin to train_end. `progress`
/// gets each epoch's logs and how the run ended. `before_end` is called when that is known, before train_end.
void run_epochs(Model& model, Prepared& prepared, Callbacks& callbacks, const FitOptions& options,
                FitProgress& progress, Continuation continuation, const std::function<void()>& before_end);

}  // namespace kairos::host
