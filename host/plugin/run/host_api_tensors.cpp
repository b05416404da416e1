// SPDX-License-Identifier: MIT
// kairos.tensors/1: which tensors are lent in which hook, and who may write to them.
#include <cstdint>
#include <span>
#include <string>

#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

/// Input, target or sample weight: what a callback may change before the batch goes through the model.
bool is_given(std::int32_t role) {
  return role == KAIROS_ROLE_INPUT || role == KAIROS_ROLE_TARGET || role == KAIROS_ROLE_SAMPLE_WEIGHT;
}

bool is_of_batch(std::int32_t role) {
  return is_given(role) || role == KAIROS_ROLE_OUTPUT || role == KAIROS_ROLE_SAMPLE_LOSS;
}

/// The tensors of the batch that are valid now: before it goes through the model those of the loop, then
/// those of the model until its memory is reused.
std::span<const TensorRef> batch_now(kairos_call* call, std::int32_t role) {
  Session& session = *call->session;
  switch (stage_of(*call)) {
    case BatchStage::TrainBegin:
      if (session.current_batch == nullptr || !is_given(role)) return {};
      return session.current_batch->tensors(static_cast<Role>(role));
    case BatchStage::Predicted:
      if (role != KAIROS_ROLE_INPUT && role != KAIROS_ROLE_OUTPUT) return {};
      return session.target.tensors(static_cast<Role>(role));
    case BatchStage::Evaluated:
      return session.target.tensors(static_cast<Role>(role));
    default:
      return {};
  }
}

}  // namespace

std::span<const TensorRef> tensors_now(kairos_call* call, std::int32_t role) {
  if (!is_on_fit_thread(call) || call->moment < Moment::SetUp) return {};
  if (role < KAIROS_ROLE_WEIGHT || role > KAIROS_ROLE_SAMPLE_LOSS) return {};
  if (role == KAIROS_ROLE_GRADIENT && call->hook != call->session->hooks.on_backward_end.name) return {};
  return is_of_batch(role) ? batch_now(call, role) : call->session->target.tensors(static_cast<Role>(role));
}

namespace {

/// Runs `work` with the tensors of a role that are valid now.
template <class Work>
kairos_status with_tensors(kairos_call* call, std::int32_t role, Work&& work) {
  if (!is_of_batch(role)) return work(tensors_now(call, role));
  KAIROS_RETURN_IF(check_whole_batch(call));
  return with_batch(call, [&] { return work(tensors_now(call, role)); });
}

std::uint32_t tensors_count(kairos_call* call, std::int32_t role) {
  std::uint32_t count = 0;
  static_cast<void>(answer(call, Moment::SetUp, [&] {
    return with_tensors(call, role, [&](std::span<const TensorRef> tensors) {
      count = static_cast<std::uint32_t>(tensors.size());
      return kairos_status{KAIROS_OK};
    });
  }));
  return count;
}

/// What is written while weights are swapped in belongs to the slot that is live.
kairos_status check_live_owner(kairos_call* call) {
  const PresentedWeights& weights = call->session->weights;
  const Instance* owner = weights.live_owner();
  if (owner == nullptr || owner == call->instance) return KAIROS_OK;
  return call->refuse(KAIROS_E_STATE, "the live weights are \"" + weights.label() + "\" of " + owner->name +
                                          ", which alone may write to them until they are swapped out");
}

kairos_status check_writable(kairos_call* call, std::int32_t role) {
  if (role == KAIROS_ROLE_GRADIENT) return check_capability(call, KAIROS_CAN_WRITE_GRADIENTS);
  if (role == KAIROS_ROLE_SLOT) return check_capability(call, KAIROS_CAN_WRITE_WEIGHTS);
  if (role == KAIROS_ROLE_WEIGHT || role == KAIROS_ROLE_BUFFER) {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
    return check_live_owner(call);
  }
  if (!is_given(role)) return call->refuse(KAIROS_E_DENIED, "outputs and losses of the batch are read-only");
  KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_BATCH));
  if (stage_of(*call) == BatchStage::TrainBegin) return KAIROS_OK;
  return call->refuse(KAIROS_E_STATE,
                      std::string("a batch is written to in on_train_batch_begin, not in ") + call->hook);
}

/// A callback that restores all slots also writes the learning rate; a change is detected after the hook.
void guard_rate(kairos_call* call, const TensorRef& slot) {
  const bool is_rate =
      slot.size() == 1 && (slot.name == "learning_rate" || slot.name.ends_with("/learning_rate"));
  const bool may_set = (call->instance->manifest.capabilities & KAIROS_CAN_SET_OPTIMIZER) != 0;
  if (!is_rate || may_set || call->guarded_rate != nullptr) return;
  call->guarded_rate = slot.data;
  call->rate_before = *slot.data;
}

kairos_status tensors_borrow(kairos_call* call, std::int32_t role, std::uint32_t index, std::int32_t access,
                             kairos_tensor* out) {
  const auto borrow = [&](std::span<const TensorRef> tensors) -> kairos_status {
    if (access != KAIROS_ACCESS_READ && access != KAIROS_ACCESS_WRITE)
      return refuse_number(call, KAIROS_E_INVALID, "the access to a tensor", access,
                           "KAIROS_ACCESS_READ (1) or KAIROS_ACCESS_WRITE (2), which are not flags");
    KAIROS_RETURN_IF(check_out(call, out, "kairos_tensor"));
    if (index >= tensors.size())
      return call->refuse(KAIROS_E_RANGE, "tensor " + std::to_string(index) + " of " +
                                              std::to_string(tensors.size()) + " of role " +
                                              std::to_string(role));
    const TensorRef* tensor = &tensors[index];
    if (access == KAIROS_ACCESS_WRITE) {
      KAIROS_RETURN_IF(check_writable(call, role));
      call->written_roles |= 1u << role;
      if (role == KAIROS_ROLE_SLOT) guard_rate(call, *tensor);
      if (is_given(role)) tensor = &call->session->current_batch->writable(static_cast<Role>(role), index);
    }
    deliver(out, described(*tensor, role, access, call->session->generation));
    return KAIROS_OK;
  };
  return answer(call, Moment::SetUp, [&] { return with_tensors(call, role, borrow); });
}

kairos_status tensors_find(kairos_call* call, std::int32_t role, kairos_str name, std::uint32_t* index) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_name(call, name, "the name of a tensor"));
    KAIROS_RETURN_IF(check_pointer(call, index, "the index of a tensor"));
    return with_tensors(call, role, [&](std::span<const TensorRef> tensors) -> kairos_status {
      for (std::uint32_t i = 0; i < tensors.size(); ++i)
        if (tensors[i].name == view(name)) {
          *index = i;
          return KAIROS_OK;
        }
      return call->decline(KAIROS_E_NOT_FOUND, "no tensor of role " + std::to_string(role) + " is \"" +
                                                   std::string(view(name)) + "\" now");
    });
  });
}

}  // namespace

kairos_tensor described(const TensorRef& tensor, std::int32_t role, std::int32_t access,
                        std::uint64_t generation) {
  kairos_tensor out{};
  out.access = access;
  out.name = to_abi(tensor.name);
  out.role = role;
  out.trainable = tensor.trainable ? 1 : 0;
  out.generation = generation;
  // DLPack's types have no const; a plugin that writes to a read view breaks the contract.
  out.view = {tensor.data,
              {1, 0},
              static_cast<std::int32_t>(tensor.shape.size()),
              {2, 32, 1},
              const_cast<std::int64_t*>(tensor.shape.data()),
              nullptr,
              0};
  return out;
}

const kairos_tensors tensors_table = {sizeof tensors_table, 0, tensors_count, tensors_borrow, tensors_find};

}  // namespace kairos::host
