// SPDX-License-Identifier: MIT
// Sums in place of copies: a model may be large.
#include "plugin/run/plugin_check.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include "kairos/host/error.hpp"
#include "plugin/run/host_api.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

namespace {

constexpr std::int32_t last_role = 9;  // roles that this host does not have are empty

std::uint64_t sum_of(const TensorRef& tensor) {
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    sum = (sum ^ std::bit_cast<std::uint32_t>(tensor.data[i])) * 0x9E3779B97F4A7C15ull;
    sum ^= sum >> 29;
  }
  return sum;
}

bool is_learning_rate(std::string_view name) {
  return name == "learning_rate" || name.ends_with("/learning_rate");
}

/// "weight 1 (dense/kernel)".
std::string words_of(std::int32_t role, std::size_t index, const TensorRef& tensor) {
  constexpr const char* names[] = {"tensor", "weight", "gradient",       "weight",        "input",
                                   "target", "output", "optimizer slot", "sample weight", "sample loss"};
  const auto known = static_cast<std::size_t>(role) < std::size(names);
  return std::string(names[known ? static_cast<std::size_t>(role) : 0]) + " " + std::to_string(index) + " (" +
         std::string(tensor.name) + ")";
}

/// Kept for the life of the process, as a thread of a plugin may use them at any time.
std::deque<kairos_call>& kept_calls() {
  static auto& calls = *new std::deque<kairos_call>;
  return calls;
}

std::mutex& of_kept_calls() {
  static auto& mutex = *new std::mutex;
  return mutex;
}

}  // namespace

PluginCheck::~PluginCheck() {
  const std::lock_guard lock(of_kept_calls());
  for (kairos_call* call : calls_) call->session = nullptr;
}

kairos_call& PluginCheck::begin(Instance& instance, const char* hook, Moment moment) {
  if (!active_.empty()) compare(*active_.back());
  kairos_call* call = nullptr;
  {
    const std::lock_guard lock(of_kept_calls());
    call = &kept_calls().emplace_back(&session_, &instance, hook, moment);
  }
  calls_.push_back(call);
  active_.push_back(call);
  take_sums(*call, known_);
  generation_ = session_.generation;
  ++hooks_;
  return *call;
}

void PluginCheck::end(kairos_call& call) {
  compare(call);
  call.over = true;
  std::erase(active_, &call);
  if (!active_.empty()) {
    take_sums(*active_.back(), known_);
    generation_ = session_.generation;
  }
  raise();
}

void PluginCheck::report(std::string_view instance, std::string what) {
  const std::lock_guard lock(mutex_);
  offences_.push_back({std::string(instance), std::move(what)});
}

void PluginCheck::take_sums(kairos_call& call, std::vector<Sum>& sums) {
  sums.clear();
  for (std::int32_t role = KAIROS_ROLE_WEIGHT; role <= last_role; ++role) {
    const std::span<const TensorRef> tensors = tensors_now(&call, role);
    for (std::size_t i = 0; i < tensors.size(); ++i) sums.push_back({role, i, sum_of(tensors[i])});
  }
}

bool PluginCheck::may_differ(const kairos_call& call, const Sum& sum) const {
  const auto wrote = [&](std::int32_t role) { return (call.written_roles & (1u << role)) != 0; };
  const bool of_weights = sum.role == KAIROS_ROLE_WEIGHT || sum.role == KAIROS_ROLE_BUFFER;
  if (wrote(sum.role) || (of_weights && (wrote(KAIROS_ROLE_WEIGHT) || wrote(KAIROS_ROLE_BUFFER))))
    return true;
  if (sum.role != KAIROS_ROLE_SLOT) return false;
  const bool may_set = (call.instance->manifest.capabilities & KAIROS_CAN_SET_OPTIMIZER) != 0;
  return may_set && is_learning_rate(session_.target.tensors(Role::Slot)[sum.index].name);
}

void PluginCheck::compare(kairos_call& call) {
  // The host has changed tensors for the plugin, which it only does for one with the capability.
  if (session_.generation != generation_) return;
  take_sums(call, now_);
  if (now_.size() != known_.size()) return;  // of another batch
  for (std::size_t i = 0; i < now_.size(); ++i) {
    if (now_[i].sum == known_[i].sum || may_differ(call, known_[i])) continue;
    const std::span<const TensorRef> tensors = tensors_now(&call, known_[i].role);
    const std::size_t index = known_[i].index;
    return report(call.instance->name, std::string(call.hook) + " has changed " +
                                           words_of(known_[i].role, index, tensors[index]) +
                                           ", which it has not borrowed for writing");
  }
}

void PluginCheck::raise() {
  Offence first;
  {
    const std::lock_guard lock(mutex_);
    if (offences_.empty()) return;
    first = std::move(offences_.front());
    offences_.clear();
  }
  std::string file;
  for (const auto& instance : session_.instances)
    if (instance->name == first.instance) file = instance->file;
  offended_ = true;
  breadcrumb.set({});
  throw Error(ErrorKind::Callback,
              {"KAIROS-C020", first.instance + (file.empty() ? "" : " (" + file + ")"), std::move(first.what),
               "", "", "Correct the plugin; without KAIROS_CHECK_PLUGINS this is not noticed"});
}

CheckedCall::CheckedCall(Session& session, Instance& instance, const char* hook, Moment moment)
    : call_(session.check ? &session.check->begin(instance, hook, moment)
                          : &local_.emplace(&session, &instance, hook, moment)) {}

bool is_stale(const kairos_call& call) {
  if (!call.over) return false;
  const std::lock_guard lock(of_kept_calls());
  if (call.session != nullptr && call.session->check)
    call.session->check->report(call.instance->name,
                                std::string("the kairos_call of ") + call.hook + " was used after its hook");
  return true;
}

}  // namespace kairos::host
