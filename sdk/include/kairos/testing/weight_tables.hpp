// SPDX-License-Identifier: MIT
// kairos.weights/1 of the test host: slots of weights, and which of them are live.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/testing/host.hpp"
#include "kairos/testing/table_parts.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

/// The weights that are trained, whatever is swapped in.
inline std::vector<TensorData>& trained_weights(Host& host) {
  return host.swapped_in.empty() ? host.tensors[Role::Weight] : host.trained;
}

/// Stores weights in a slot; 0 becomes the number of a new one.
inline kairos_status keep_weights(kairos_call* call, std::uint64_t* slot,
                                  const std::vector<TensorData>& weights) {
  Host& host = *Call::of(call).host;
  if (*slot != 0 && host.snapshots.count(*slot) == 0)
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "slot " + std::to_string(*slot) + " does not exist");
  if (*slot == 0) *slot = host.snapshots.empty() ? 1 : host.snapshots.rbegin()->first + 1;
  host.snapshots[*slot] = weights;
  return KAIROS_OK;
}

/// The slot becomes the weights that are trained.
inline kairos_status put_weights(kairos_call* call, std::uint64_t slot) {
  Host& host = *Call::of(call).host;
  if (host.snapshots.count(slot) == 0)
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "slot " + std::to_string(slot) + " does not exist");
  host.store_live();
  trained_weights(host) = host.snapshots[slot];
  const auto training = host.hyper_of_slots.find(slot);
  if (training != host.hyper_of_slots.end()) host.hyper = training->second;
  ++host.generation;
  return KAIROS_OK;
}

inline kairos_status weights_take(kairos_call* call, std::int32_t what, std::uint64_t* slot) {
  KAIROS_TESTING_ENTER("weights.take");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  if (what == KAIROS_TAKE_TRAINED) return keep_weights(call, slot, trained_weights(host));
  if (what == KAIROS_TAKE_WEIGHTS) return keep_weights(call, slot, host.tensors[Role::Weight]);
  if (what == KAIROS_TAKE_TRAINING && host.remembers_training) {
    const kairos_status status = keep_weights(call, slot, trained_weights(host));
    if (status == KAIROS_OK) host.hyper_of_slots[*slot] = host.hyper;
    return status;
  }
  return Call::of(call).refuse(KAIROS_E_UNSUPPORTED,
                               what == KAIROS_TAKE_TRAINING
                                   ? "this model cannot remember a training"
                                   : std::to_string(what) + " is nothing that can be taken");
}
inline kairos_status weights_put(kairos_call* call, std::uint64_t slot) {
  KAIROS_TESTING_ENTER("weights.put");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_WEIGHTS, "write_weights");
  const std::string_view hook = Call::of(call).hook;
  if (hook == "on_train_batch_begin" || hook == "on_backward_end" || hook.substr(0, 10) == "on_predict")
    return Call::of(call).refuse(KAIROS_E_STATE, "weights cannot be put back in " + std::string(hook));
  static_cast<void>(host);
  return put_weights(call, slot);
}
inline kairos_status weights_borrow(kairos_call* call, std::uint64_t slot, std::uint32_t index,
                                    std::int32_t access, kairos_tensor* out) {
  KAIROS_TESTING_ENTER("weights.borrow");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  if (access != KAIROS_ACCESS_READ && access != KAIROS_ACCESS_WRITE)
    return Call::of(call).refuse(KAIROS_E_INVALID,
                                 std::to_string(access) + " is no access; it is 1 or 2, not flags");
  if (slot != 0 && host.snapshots.count(slot) == 0)
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "slot " + std::to_string(slot) + " does not exist");
  if (access == KAIROS_ACCESS_WRITE) {
    if (slot == 0) return Call::of(call).refuse(KAIROS_E_DENIED, "the slot 0 is lent for reading only");
    KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_WEIGHTS, "write_weights");
    ++host.generation;
  }
  std::vector<TensorData>& weights = slot == 0            ? trained_weights(host)
                                     : host.is_live(slot) ? host.tensors[Role::Weight]
                                                          : host.snapshots[slot];
  if (index >= weights.size())
    return Call::of(call).refuse(KAIROS_E_RANGE,
                                 "weight " + std::to_string(index) + " of " + std::to_string(weights.size()));
  return give(call, lent(host, weights[index], KAIROS_ROLE_WEIGHT, access), out);
}
inline kairos_status weights_swap_in(kairos_call* call, std::uint64_t slot, kairos_str label) {
  KAIROS_TESTING_ENTER("weights.swap_in");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_WEIGHTS, "write_weights");
  const std::string_view hook = Call::of(call).hook;
  if (hook.substr(0, 8) != "on_test_" && hook.substr(0, 11) != "on_predict_" && hook != "on_epoch_end" &&
      hook != "on_train_end")
    return Call::of(call).refuse(KAIROS_E_STATE, "weights cannot be swapped in in " + std::string(hook));
  if (label.length == 0 || label.length > 200)
    return Call::of(call).refuse(KAIROS_E_INVALID, "a label of weights has 1 to 200 bytes");
  if (host.snapshots.count(slot) == 0)
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "slot " + std::to_string(slot) + " does not exist");
  host.swap_in(slot, text_of(label));
  return KAIROS_OK;
}
inline kairos_status weights_swap_out(kairos_call* call, std::uint64_t slot) {
  KAIROS_TESTING_ENTER("weights.swap_out");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  host.swap_out(slot);
  return KAIROS_OK;
}
inline kairos_status weights_live(kairos_call* call, kairos_str* out) {
  KAIROS_TESTING_ENTER("weights.live");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  *out = host.swapped_in.empty() ? kairos_str{"", 0} : detail::to_abi(host.swapped_in.back().label);
  return KAIROS_OK;
}
inline void weights_drop(kairos_call* call, std::uint64_t slot) {
  Host& host = *Call::of(call).host;
  static_cast<void>(host.enter(call, "weights.drop"));
  host.swap_out(slot);
  host.snapshots.erase(slot);
}

inline constexpr kairos_weights weights = {sizeof(kairos_weights), 0,
                                           &weights_take,          &weights_put,
                                           &weights_borrow,        &weights_swap_in,
                                           &weights_swap_out,      &weights_live,
                                           &weights_drop};

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
