// SPDX-License-Identifier: MIT
// kairos.step/1 of the test host.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "kairos/testing/host.hpp"
#include "kairos/testing/table_parts.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

#define KAIROS_TESTING_CONTROL_STEP(function)                                               \
  KAIROS_TESTING_ENTER(function);                                                           \
  if (const kairos_status status = need_training(call); status != KAIROS_OK) return status; \
  KAIROS_TESTING_NEED(KAIROS_CAN_CONTROL_STEP, "control_step");                             \
  if (!host.controls_steps)                                                                 \
  return Call::of(call).refuse(KAIROS_E_UNSUPPORTED, "callbacks cannot control the steps of this loop")

/// In the hooks of a training.
inline kairos_status need_training(kairos_call* call) {
  const std::string_view hook = Call::of(call).hook;
  if (hook.substr(0, 3) == "on_" && hook.substr(0, 11) != "on_predict_") return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_STATE, "steps are not controlled in " + std::string(hook));
}
inline kairos_status need_weight(kairos_call* call, std::uint32_t weight) {
  const std::size_t count = Call::of(call).host->tensors[Role::Weight].size();
  if (weight < count) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_RANGE,
                               "weight " + std::to_string(weight) + " of " + std::to_string(count));
}
inline kairos_status step_accumulate(kairos_call* call, std::uint32_t batches) {
  KAIROS_TESTING_CONTROL_STEP("step.accumulate");
  if (batches == 0) return Call::of(call).refuse(KAIROS_E_RANGE, "a step is made from 0 batches");
  host.accumulated = batches;
  return KAIROS_OK;
}
inline kairos_status step_discard(kairos_call* call) {
  KAIROS_TESTING_CONTROL_STEP("step.discard");
  if (Call::of(call).hook != "on_backward_end")
    return Call::of(call).refuse(
        KAIROS_E_STATE, "a step is discarded in on_backward_end, not in " + std::string(Call::of(call).hook));
  host.discarded = true;
  return KAIROS_OK;
}
inline kairos_status step_freeze(kairos_call* call, std::uint32_t weight, std::int32_t frozen) {
  KAIROS_TESTING_CONTROL_STEP("step.freeze");
  if (frozen != 0 && frozen != 1)
    return Call::of(call).refuse(KAIROS_E_INVALID, std::to_string(frozen) + " is neither 1 nor 0");
  if (const kairos_status status = need_weight(call, weight); status != KAIROS_OK) return status;
  if (frozen == 1)
    host.frozen.insert(weight);
  else
    host.frozen.erase(weight);
  return KAIROS_OK;
}
inline kairos_status step_scale_rate(kairos_call* call, std::uint32_t weight, double factor) {
  KAIROS_TESTING_CONTROL_STEP("step.scale_rate");
  if (const kairos_status status = need_weight(call, weight); status != KAIROS_OK) return status;
  if (!std::isfinite(factor) || factor < 0)
    return Call::of(call).refuse(KAIROS_E_RANGE,
                                 "a learning rate cannot be multiplied by " + std::to_string(factor));
  if (factor == 1)
    host.rate_factors.erase(weight);
  else
    host.rate_factors[weight] = factor;
  return KAIROS_OK;
}

inline constexpr kairos_step step = {sizeof(kairos_step), 0, &step_accumulate, &step_discard, &step_freeze,
                                     &step_scale_rate};
#undef KAIROS_TESTING_CONTROL_STEP

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
