// SPDX-License-Identifier: MIT
// kairos.weights/1: slots of weights, and which of them are live.
#include <cstdint>
#include <string>

#include "plugin/run/host_api.hpp"
#include "plugin/run/weight_slots.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t longest_label = 200;

/// In a fit, and not inside a batch before its step. `doing` begins the reason.
kairos_status check_training(kairos_call* call, const std::string& doing) {
  const Session& session = *call->session;
  if (!session.facts.training)
    return call->refuse(KAIROS_E_STATE, doing + " between on_train_begin and on_train_end of a fit");
  if (session.order.is_in(stages::InBatch | stages::HasGradients))
    return call->refuse(KAIROS_E_STATE, doing + " outside of batches or after their step, not in " +
                                            call->hook + "; use on_train_batch_end");
  return KAIROS_OK;
}

kairos_status weights_take(kairos_call* call, std::int32_t what, std::uint64_t* slot) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_pointer(call, slot, "the number of a slot"));
    if (what == KAIROS_TAKE_WEIGHTS || what == KAIROS_TAKE_TRAINED) {
      PresentedWeights& weights = call->session->weights;
      return keep_weights(call, *slot, what == KAIROS_TAKE_WEIGHTS ? weights.live() : weights.trained());
    }
    if (what == KAIROS_TAKE_TRAINING) {
      KAIROS_RETURN_IF(check_training(call, "a training is taken"));
      return keep_training(call, *slot);
    }
    return refuse_number(call, KAIROS_E_UNSUPPORTED, "what to take", what,
                         "KAIROS_TAKE_WEIGHTS (0), KAIROS_TAKE_TRAINING (1) or KAIROS_TAKE_TRAINED (2)");
  });
}

kairos_status weights_put(kairos_call* call, std::uint64_t slot) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
    KAIROS_RETURN_IF(check_training(call, "weights are put back"));
    return put_training(call, slot);
  });
}

kairos_status check_lending(kairos_call* call, std::uint64_t slot, std::int32_t access) {
  if (access != KAIROS_ACCESS_READ && access != KAIROS_ACCESS_WRITE)
    return refuse_number(call, KAIROS_E_INVALID, "the access to a weight", access,
                         "KAIROS_ACCESS_READ (1) or KAIROS_ACCESS_WRITE (2), which are not flags");
  if (slot != 0) KAIROS_RETURN_IF(check_weights_in(call, slot));
  if (access == KAIROS_ACCESS_READ) return KAIROS_OK;
  if (slot == 0)
    return call->refuse(KAIROS_E_DENIED,
                        "the slot 0 lends the trained weights for reading only; write them through "
                        "kairos.tensors/1 or replace them with put");
  return check_capability(call, KAIROS_CAN_WRITE_WEIGHTS);
}

kairos_status weights_borrow(kairos_call* call, std::uint64_t slot, std::uint32_t index, std::int32_t access,
                             kairos_tensor* out) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_out(call, out, "kairos_tensor"));
    KAIROS_RETURN_IF(check_lending(call, slot, access));
    Session& session = *call->session;
    const std::size_t count = session.target.tensors(Role::Weight).size();
    if (index >= count)
      return call->refuse(KAIROS_E_RANGE, "weight " + std::to_string(index) + " of " + std::to_string(count));
    float* const values = slot == 0 ? session.weights.trained_weight(index)
                                    : session.weights.weight_of(*call->instance, slot, index);
    if (access == KAIROS_ACCESS_WRITE && session.weights.is_live(*call->instance, slot))
      call->written_roles |= 1u << KAIROS_ROLE_WEIGHT;
    kairos_tensor lent = described(session.target.tensors(Role::Weight)[index], KAIROS_ROLE_WEIGHT, access,
                                   session.generation);
    lent.view.data = values;
    deliver(out, lent);
    return KAIROS_OK;
  });
}

bool may_swap_in(const kairos_call& call) {
  const HookLists& hooks = call.session->hooks;
  for (const HookList* list :
       {&hooks.on_test_begin, &hooks.on_test_batch_begin, &hooks.on_test_batch_end, &hooks.on_test_end,
        &hooks.on_predict_begin, &hooks.on_predict_batch_begin, &hooks.on_predict_batch_end,
        &hooks.on_predict_end, &hooks.on_epoch_end, &hooks.on_train_end})
    if (call.hook == list->name) return true;
  return false;
}

kairos_status weights_swap_in(kairos_call* call, std::uint64_t slot, kairos_str label) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
    KAIROS_RETURN_IF(check_name(call, label, "the label of weights"));
    if (label.length == 0 || label.length > longest_label)
      return call->refuse(KAIROS_E_INVALID, "the label of weights has " + std::to_string(label.length) +
                                                " bytes; expected 1 to " + std::to_string(longest_label));
    if (!may_swap_in(*call))
      return call->refuse(KAIROS_E_STATE,
                          std::string("weights cannot be swapped in in ") + call->hook +
                              "; do it in the hooks of a test or prediction, on_epoch_end or on_train_end");
    KAIROS_RETURN_IF(check_weights_in(call, slot));
    call->session->weights.swap_in(*call->instance, slot, std::string(view(label)));
    return KAIROS_OK;
  });
}

kairos_status weights_swap_out(kairos_call* call, std::uint64_t slot) {
  return answer(call, Moment::Running, [&] {
    call->session->weights.swap_out(*call->instance, slot);
    return KAIROS_OK;
  });
}

kairos_status weights_live(kairos_call* call, kairos_str* out) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_pointer(call, out, "the label of the live weights"));
    call->lent = call->session->weights.label();
    *out = to_abi(call->lent);
    return KAIROS_OK;
  });
}

void weights_drop(kairos_call* call, std::uint64_t slot) {
  static_cast<void>(answer(call, Moment::SetUp, [&] {
    drop_slot(call, slot);
    return KAIROS_OK;
  }));
}

}  // namespace

const kairos_weights weights_table = {sizeof weights_table, 0,
                                      weights_take,         weights_put,
                                      weights_borrow,       weights_swap_in,
                                      weights_swap_out,     weights_live,
                                      weights_drop};

}  // namespace kairos::host
