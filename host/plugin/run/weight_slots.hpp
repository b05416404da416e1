// SPDX-License-Identifier: MIT
// Slots of weights, shared by kairos.model/1 and kairos.weights/1.
#pragma once

#include <cstdint>
#include <vector>

#include "plugin/run/call.hpp"

namespace kairos::host {

kairos_status refuse_slot(kairos_call* call, std::uint64_t slot);

/// Stores weights in a slot of the instance; 0 becomes the number of a new one.
kairos_status keep_weights(kairos_call* call, std::uint64_t& slot, std::vector<float> weights);

/// Stores the state of the training in a slot of the instance; 0 becomes the number of a new one.
kairos_status keep_training(kairos_call* call, std::uint64_t& slot);

/// KAIROS_OK if the slot holds weights of this model.
kairos_status check_weights_in(kairos_call* call, std::uint64_t slot);

/// The slot becomes the weights that are trained.
kairos_status put_weights(kairos_call* call, std::uint64_t slot);

/// Training goes on from the slot.
kairos_status put_training(kairos_call* call, std::uint64_t slot);

/// Forgets a slot, and takes it out if it is swapped in.
void drop_slot(kairos_call* call, std::uint64_t slot);

}  // namespace kairos::host
