// SPDX-License-Identifier: MIT
// Swaps by copies: layers and optimizers keep pointers to their weights.
#include "plugin/run/presented_weights.hpp"

#include <algorithm>
#include <utility>

#include "plugin/run/session.hpp"

namespace kairos::host {

void PresentedWeights::swap_in(Instance& owner, std::uint64_t slot, std::string label) {
  if (holds(owner, slot)) return;
  tell_once(owner, label);
  if (list_.empty()) trained_.resize(size());
  list_.reserve(list_.size() + 1);
  copy_from_model(list_.empty() ? trained_ : values_of(list_.back()));
  list_.push_back({&owner, slot, std::move(label)});
  copy_to_model(values_of(list_.back()), list_.back().label);
}

void PresentedWeights::swap_out(const Instance& owner, std::uint64_t slot) {
  for (std::size_t i = 0; i < list_.size(); ++i)
    if (list_[i].owner == &owner && list_[i].slot == slot) return remove(i);
}

void PresentedWeights::remove(std::size_t position) {
  const bool was_hidden = hidden_;
  hide();
  list_.erase(list_.begin() + static_cast<std::ptrdiff_t>(position));
  if (!was_hidden || list_.empty()) show();
}

void PresentedWeights::end() {
  hide();
  list_.clear();
  hidden_ = false;
}

void PresentedWeights::end_of(const Instance& owner) {
  for (std::size_t i = list_.size(); i > 0; --i)
    if (list_[i - 1].owner == &owner) remove(i - 1);
}

bool PresentedWeights::holds(const Instance& owner, std::uint64_t slot) const noexcept {
  return std::any_of(list_.begin(), list_.end(),
                     [&](const Presentation& one) { return one.owner == &owner && one.slot == slot; });
}

std::size_t PresentedWeights::size() {
  measure();
  return offsets_.back();
}

std::vector<float> PresentedWeights::live() const {
  std::vector<float> values;
  for (const TensorRef& weight : session_.target.tensors(Role::Weight))
    values.insert(values.end(), weight.data, weight.data + weight.size());
  return values;
}

float* PresentedWeights::trained_weight(std::size_t index) {
  if (!list_.empty() && !hidden_) return trained_.data() + offset(index);
  return session_.target.tensors(Role::Weight)[index].data;
}

float* PresentedWeights::weight_of(Instance& owner, std::uint64_t slot, std::size_t index) {
  if (is_live(owner, slot) && !hidden_) return session_.target.tensors(Role::Weight)[index].data;
  return owner.snapshots.at(slot).data() + offset(index);
}

void PresentedWeights::store(Instance& owner, std::uint64_t slot, std::vector<float> values) {
  std::vector<float>& kept = owner.snapshots[slot];
  kept = std::move(values);
  if (is_live(owner, slot) && !hidden_) copy_to_model(kept, list_.back().label);
}

void PresentedWeights::replace_trained(const std::vector<float>& values) {
  if (list_.empty() || hidden_)
    copy_to_model(values, "");
  else
    std::copy(values.begin(), values.end(), trained_.begin());
}

void PresentedWeights::note_replaced(const kairos_call& call) {
  if (call.hook != session_.hooks.on_train_end.name) return;
  const Instance* const before = std::exchange(result_of_, call.instance);
  if (before == nullptr || before == call.instance) return;
  session_.message(Level::Warning, call.instance->name,
                   "its weights are the result, in place of those that " + before->name +
                       " has put there in on_train_end");
}

void PresentedWeights::hide() {
  if (list_.empty() || std::exchange(hidden_, true)) return;
  copy_from_model(values_of(list_.back()));
  copy_to_model(trained_, "");
}

void PresentedWeights::show() {
  if (!std::exchange(hidden_, false) || list_.empty()) return;
  copy_from_model(trained_);
  copy_to_model(values_of(list_.back()), list_.back().label);
}

std::vector<float>& PresentedWeights::values_of(const Presentation& one) const {
  return one.owner->snapshots.at(one.slot);
}

void PresentedWeights::copy_to_model(const std::vector<float>& values, const std::string& label) {
  const float* from = values.data();
  for (const TensorRef& weight : session_.target.tensors(Role::Weight)) {
    std::copy_n(from, weight.size(), weight.data);
    from += weight.size();
  }
  session_.target.tensors_written(Role::Weight);
  session_.target.weights_presented(label);
  ++session_.generation;
  ++session_.weight_writes;
}

void PresentedWeights::copy_from_model(std::vector<float>& values) const {
  float* to = values.data();
  for (const TensorRef& weight : session_.target.tensors(Role::Weight))
    to = std::copy_n(weight.data, weight.size(), to);
}

std::size_t PresentedWeights::offset(std::size_t index) {
  measure();
  return offsets_[index];
}

/// Once, because shapes do not change.
void PresentedWeights::measure() {
  if (!offsets_.empty()) return;
  offsets_.push_back(0);
  for (const TensorRef& weight : session_.target.tensors(Role::Weight))
    offsets_.push_back(offsets_.back() + static_cast<std::size_t>(weight.size()));
}

void PresentedWeights::tell_once(const Instance& owner, const std::string& label) {
  if (std::find(told_.begin(), told_.end(), &owner) != told_.end()) return;
  told_.push_back(&owner);
  session_.message(
      Level::Info, owner.name,
      "tests and saved files have its weights \"" + label + "\" in place of those that are trained");
}

}  // namespace kairos::host
