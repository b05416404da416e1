// SPDX-License-Identifier: MIT
// A weight is frozen if any instance freezes it; factors multiply in the order of names, so that the product
// does not depend on the order in which they were set.
#include "plugin/run/step_requests.hpp"

#include <algorithm>
#include <string>

#include "plugin/run/session.hpp"

namespace kairos::host {

const Instance* StepBoard::accumulates_besides(const Instance& instance) const {
  for (const auto& other : session_.instances)
    if (other.get() != &instance && other->step_requests.batches != 1) return other.get();
  return nullptr;
}

void StepBoard::accumulate(Instance& instance, std::uint32_t batches) {
  session_.target.step_control()->accumulate(batches);
  instance.step_requests.batches = batches;
}

void StepBoard::freeze(Instance& instance, std::uint32_t weight, bool frozen) {
  if (frozen)
    instance.step_requests.frozen.insert(weight);
  else
    instance.step_requests.frozen.erase(weight);
  tell_frozen(weight);
}

void StepBoard::scale_rate(Instance& instance, std::uint32_t weight, double factor) {
  if (factor == 1)
    instance.step_requests.factors.erase(weight);
  else
    instance.step_requests.factors[weight] = factor;
  tell_factor(weight);
}

void StepBoard::restore(Instance& instance, const StepRequests& requests) {
  if (requests.batches != 1) accumulate(instance, requests.batches);
  for (const std::uint32_t weight : requests.frozen) freeze(instance, weight, true);
  for (const auto& [weight, factor] : requests.factors) scale_rate(instance, weight, factor);
}

void StepBoard::release() {
  for (const auto& instance : session_.instances) {
    const StepRequests requests = instance->step_requests;
    if (requests.batches != 1) accumulate(*instance, 1);
    for (const std::uint32_t weight : requests.frozen) freeze(*instance, weight, false);
    for (const auto& [weight, factor] : requests.factors) scale_rate(*instance, weight, 1);
  }
}

void StepBoard::tell_frozen(std::uint32_t weight) const {
  const bool frozen = std::ranges::any_of(session_.instances, [&](const auto& instance) {
    return instance->step_requests.frozen.contains(weight);
  });
  session_.target.step_control()->freeze(weight, frozen);
}

void StepBoard::tell_factor(std::uint32_t weight) const {
  std::map<std::string, double> by_name;
  for (const auto& instance : session_.instances) {
    const auto& factors = instance->step_requests.factors;
    if (const auto found = factors.find(weight); found != factors.end())
      by_name[instance->name] = found->second;
  }
  double product = 1;
  for (const auto& [name, factor] : by_name) product *= factor;
  session_.target.step_control()->scale_rate(weight, product);
}

}  // namespace kairos::host
