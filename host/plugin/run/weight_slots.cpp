// SPDX-License-Identifier: MIT
// Slots are numbered from 1 for each instance.
#include "plugin/run/weight_slots.hpp"

#include <string>
#include <utility>

#include "plugin/run/session.hpp"

namespace kairos::host {

kairos_status refuse_slot(kairos_call* call, std::uint64_t slot) {
  return call->refuse(KAIROS_E_NOT_FOUND, slot == 0 ? "no weights have been taken into this slot; it is 0"
                                                    : "the instance has no slot " + std::to_string(slot));
}

namespace {

/// The number of the slot to fill: `slot`, or a new one if it is 0.
kairos_status choose_slot(kairos_call* call, std::uint64_t slot, std::uint64_t& number) {
  const Instance& instance = *call->instance;
  if (slot != 0 && !instance.snapshots.contains(slot) && !instance.trainings.contains(slot))
    return refuse_slot(call, slot);
  number = slot != 0 ? slot : instance.next_snapshot;
  return KAIROS_OK;
}

void number_slot(Instance& instance, std::uint64_t& slot, std::uint64_t number) {
  if (slot == 0) ++instance.next_snapshot;
  slot = number;
}

}  // namespace

kairos_status keep_weights(kairos_call* call, std::uint64_t& slot, std::vector<float> weights) {
  std::uint64_t number = 0;
  KAIROS_RETURN_IF(choose_slot(call, slot, number));
  Instance& instance = *call->instance;
  call->session->weights.store(instance, number, std::move(weights));
  instance.trainings.erase(number);
  number_slot(instance, slot, number);
  return KAIROS_OK;
}

kairos_status keep_training(kairos_call* call, std::uint64_t& slot) {
  std::uint64_t number = 0;
  KAIROS_RETURN_IF(choose_slot(call, slot, number));
  Instance& instance = *call->instance;
  Session& session = *call->session;
  if (session.weights.holds(instance, number))
    return call->refuse(KAIROS_E_STATE, "the slot " + std::to_string(number) +
                                            " is swapped in; swap it out first, or use another one");
  const PresentedWeights::Aside trained(session.weights);
  std::string state = session.target.training_state();
  if (state.empty()) return call->refuse(KAIROS_E_UNSUPPORTED, "this model cannot remember a training");
  instance.trainings[number] = std::move(state);
  instance.snapshots.erase(number);
  number_slot(instance, slot, number);
  return KAIROS_OK;
}

kairos_status check_weights_in(kairos_call* call, std::uint64_t slot) {
  const Instance& instance = *call->instance;
  if (instance.trainings.contains(slot))
    return call->refuse(KAIROS_E_UNSUPPORTED,
                        "the slot " + std::to_string(slot) +
                            " holds a training, not weights alone; use put of kairos.weights/1");
  const auto kept = instance.snapshots.find(slot);
  if (kept == instance.snapshots.end()) return refuse_slot(call, slot);
  if (kept->second.size() != call->session->weights.size())
    return call->refuse(KAIROS_E_DATA, "the slot has the weights of another model");
  return KAIROS_OK;
}

kairos_status put_weights(kairos_call* call, std::uint64_t slot) {
  KAIROS_RETURN_IF(check_weights_in(call, slot));
  PresentedWeights& weights = call->session->weights;
  if (weights.is_live(*call->instance, slot)) {
    const std::vector<float> values = weights.live();  // with what was written since it was swapped in
    weights.replace_trained(values);
  } else {
    weights.replace_trained(call->instance->snapshots.at(slot));
  }
  weights.note_replaced(*call);
  return KAIROS_OK;
}

kairos_status put_training(kairos_call* call, std::uint64_t slot) {
  const auto kept = call->instance->trainings.find(slot);
  if (kept == call->instance->trainings.end()) return put_weights(call, slot);
  Session& session = *call->session;
  const PresentedWeights::Aside trained(session.weights);
  session.target.restore_training_state(kept->second);
  ++session.generation;
  ++session.weight_writes;
  session.weights.note_replaced(*call);
  return KAIROS_OK;
}

void drop_slot(kairos_call* call, std::uint64_t slot) {
  call->session->weights.swap_out(*call->instance, slot);
  call->instance->snapshots.erase(slot);
  call->instance->trainings.erase(slot);
}

}  // namespace kairos::host
