// SPDX-License-Identifier: MIT
// The state of an optimizer as bytes. The slot of the step count is left out: it is float32, the count exact.
#include <cstring>
#include <string>
#include <string_view>

#include "base/byte_stream.hpp"
#include "kairos/host/error.hpp"
#include "nn/optimizer.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t first_slot = 1;  ///< after that of the count

[[noreturn]] void refuse_state(const std::string& found, const std::string& expected) {
  throw Error(ErrorKind::Model, {"KAIROS-M141", "saved training state", "it is of another optimizer", found,
                                 expected, "Continue with the optimizer of the run"});
}

}  // namespace

void Optimizer::save_state(ByteWriter& out) const {
  out.text(class_name());
  out.number(iterations_);
  out.number(learning_rate_);
  out.number<std::uint64_t>(hypers_.size());
  for (const Hyper& hyper : hypers_) out.number(hyper.value);
  out.number<std::uint8_t>(weight_decay_ ? 1 : 0);
  out.number(weight_decay_.value_or(0));
  out.number<std::uint64_t>(slot_refs_.size() - first_slot);
  for (std::size_t i = first_slot; i < slot_refs_.size(); ++i)
    out.values(std::span<const float>(slot_refs_[i].data, static_cast<std::size_t>(slot_refs_[i].size())));
}

Optimizer::State Optimizer::read_state(ByteReader& in) const {
  const std::string name(in.text());
  if (in.good() && name != class_name()) refuse_state(name, std::string(class_name()));
  State state;
  state.iterations = in.number<std::int64_t>();
  state.learning_rate = in.number<float>();
  for (std::uint64_t n = in.count(sizeof(double)); n > 0; --n) state.hypers.push_back(in.number<double>());
  const bool decays = in.number<std::uint8_t>() != 0;
  const auto decay = in.number<double>();
  if (decays) state.weight_decay = decay;
  for (std::uint64_t n = in.count(sizeof(std::uint64_t)); n > 0; --n) state.slots.push_back(in.text());
  if (!in.good()) return state;  // the caller reports it
  const std::size_t slots = slot_refs_.size() - first_slot;
  if (state.hypers.size() != hypers_.size() || state.weight_decay.has_value() != weight_decay_.has_value() ||
      state.slots.size() != slots)
    refuse_state(std::to_string(state.slots.size()) + " variables of " + name,
                 std::to_string(slots) + " variables, and the same arguments");
  for (std::size_t i = 0; i < slots; ++i) {
    const TensorRef& slot = slot_refs_[i + first_slot];
    const auto bytes = static_cast<std::size_t>(slot.size()) * sizeof(float);
    if (state.slots[i].size() != bytes)
      refuse_state(std::to_string(state.slots[i].size() / sizeof(float)) + " values of " + slot.name,
                   std::to_string(slot.size()));
  }
  return state;
}

void Optimizer::apply(const State& state) {
  iterations_ = state.iterations;
  iterations_mirror_ = published_count_ = static_cast<float>(iterations_);
  for (std::size_t i = 0; i < hypers_.size(); ++i) hypers_[i].value = state.hypers[i];
  weight_decay_ = state.weight_decay;
  for (std::size_t i = 0; i < state.slots.size(); ++i)
    if (!state.slots[i].empty())
      std::memcpy(slot_refs_[i + first_slot].data, state.slots[i].data(), state.slots[i].size());
  learning_rate_ = state.learning_rate;
  published_rate_ = learning_rate_;
}

}  // namespace kairos::host
