// SPDX-License-Identifier: MIT
// What a target of another program does if it does not say otherwise.
#include "kairos/host/training_target.hpp"

#include "kairos/host/error.hpp"

namespace kairos::host {

void TrainingTarget::restore_training_state(std::string_view) {
  throw Error(ErrorKind::Model, {"KAIROS-M142", "model", "it cannot restore the state of a training", "", "",
                                 "Implement TrainingTarget::restore_training_state"});
}

}  // namespace kairos::host
