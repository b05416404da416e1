// SPDX-License-Identifier: MIT
// kairos.step/1: how callbacks control the update steps of a training.
#include <cmath>
#include <cstdint>
#include <string>

#include "kairos/host/step_control.hpp"
#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

/// Runs `work` with the target's step control, if the instance may control steps now.
template <class Work>
kairos_status control_step(kairos_call* call, Work&& work) noexcept {
  return answer(call, Moment::Running, [&] {
    Session& session = *call->session;
    if (!session.facts.training)
      return call->refuse(
          KAIROS_E_STATE,
          "steps are controlled from on_train_begin to on_train_end, not in " + std::string(call->hook));
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_CONTROL_STEP));
    StepControl* const control = session.target.step_control();
    if (control == nullptr)
      return call->refuse(KAIROS_E_UNSUPPORTED,
                          "the training loop does not let callbacks control its update steps; train with "
                          "kairos fit, or implement StepControl for the loop");
    return work(session, *control);
  });
}

kairos_status check_weight(kairos_call* call, std::uint32_t weight) {
  const std::size_t count = call->session->target.tensors(Role::Weight).size();
  if (weight < count) return KAIROS_OK;
  return call->refuse(KAIROS_E_RANGE, "weight " + std::to_string(weight) + " of " + std::to_string(count));
}

kairos_status accumulate(kairos_call* call, std::uint32_t batches) {
  return control_step(call, [&](Session& session, const StepControl& control) {
    if (batches == 0)
      return call->refuse(KAIROS_E_RANGE, "a step is made from 0 batches; expected 1 or more");
    if (const Instance* other = session.steps.accumulates_besides(*call->instance))
      return call->refuse(KAIROS_E_STATE, other->name + " makes one step from " +
                                              std::to_string(other->step_requests.batches) +
                                              " batches already; let one callback accumulate gradients");
    if (const std::string fault = control.accumulation_fault(); batches > 1 && !fault.empty())
      return call->refuse(KAIROS_E_UNSUPPORTED, "a step cannot be made from several batches: " + fault);
    session.steps.accumulate(*call->instance, batches);
    return KAIROS_OK;
  });
}

kairos_status discard(kairos_call* call) {
  return control_step(call, [&](Session& session, StepControl& control) {
    if (call->hook != session.hooks.on_backward_end.name)
      return call->refuse(KAIROS_E_STATE,
                          "a step is discarded in on_backward_end, not in " + std::string(call->hook));
    control.discard();
    return KAIROS_OK;
  });
}

kairos_status freeze(kairos_call* call, std::uint32_t weight, std::int32_t frozen) {
  return control_step(call, [&](Session& session, StepControl&) {
    if (frozen != 0 && frozen != 1)
      return refuse_number(call, KAIROS_E_INVALID, "the argument of freeze", frozen,
                           "1 (frozen) or 0 (released)");
    KAIROS_RETURN_IF(check_weight(call, weight));
    session.steps.freeze(*call->instance, weight, frozen == 1);
    return KAIROS_OK;
  });
}

kairos_status scale_rate(kairos_call* call, std::uint32_t weight, double factor) {
  return control_step(call, [&](Session& session, StepControl&) {
    KAIROS_RETURN_IF(check_weight(call, weight));
    if (!std::isfinite(factor) || factor < 0)
      return call->refuse(KAIROS_E_RANGE, "the factor of a learning rate is " + std::to_string(factor) +
                                              "; expected a number from 0");
    session.steps.scale_rate(*call->instance, weight, factor);
    return KAIROS_OK;
  });
}

}  // namespace

const kairos_step step_table = {sizeof step_table, 0, accumulate, discard, freeze, scale_rate};

}  // namespace kairos::host
