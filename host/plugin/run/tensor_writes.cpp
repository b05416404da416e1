// SPDX-License-Identifier: MIT
// What becomes of tensors that a hook has written.
#include <string>
#include <utility>

#include "kairos/host/error.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

namespace {

/// The learning rate is a slot of the optimizer, and only callbacks that declare it may set it.
kairos_status put_rate_back(kairos_call& call, kairos_status status) {
  float* const rate = std::exchange(call.guarded_rate, nullptr);
  if (rate == nullptr || *rate == call.rate_before) return status;
  *rate = call.rate_before;
  if (status != KAIROS_OK) return status;
  return call.refuse(KAIROS_E_DENIED, "it wrote the learning rate, and has not declared the capability " +
                                          capability_names(KAIROS_CAN_SET_OPTIMIZER).front());
}

constexpr unsigned roles_of_batch =
    1u << KAIROS_ROLE_INPUT | 1u << KAIROS_ROLE_TARGET | 1u << KAIROS_ROLE_SAMPLE_WEIGHT;

/// A hook that fails, or leaves what the model does not accept, has not changed the batch.
kairos_status settle_batch(kairos_call& call, CurrentBatch& batch, kairos_status status) {
  const std::string fault = status == KAIROS_OK ? batch.fault() : "";
  if (!fault.empty())
    status = call.refuse(KAIROS_E_DATA, "it wrote to the batch what the model does not accept: " + fault +
                                            ". The batch is as it was before this callback");
  if (status == KAIROS_OK)
    batch.keep();
  else
    batch.take_back();
  return status;
}

}  // namespace

kairos_status Session::announce_writes(kairos_call& call, kairos_status status) {
  const unsigned roles = std::exchange(call.written_roles, 0);
  status = put_rate_back(call, status);
  if ((roles & roles_of_batch) != 0) status = settle_batch(call, *current_batch, status);
  for (unsigned role = 0; role < 16; ++role) try {
      if ((roles & ~roles_of_batch & (1u << role)) != 0) target.tensors_written(static_cast<Role>(role));
    } catch (const Error& error) {
      if (status == KAIROS_OK) status = call.refuse(KAIROS_E_INVALID, error.what());
    }
  constexpr unsigned lasting = 1u << KAIROS_ROLE_WEIGHT | 1u << KAIROS_ROLE_BUFFER | 1u << KAIROS_ROLE_SLOT;
  if ((roles & lasting) != 0) ++weight_writes;
  ++generation;
  return status;
}

}  // namespace kairos::host
