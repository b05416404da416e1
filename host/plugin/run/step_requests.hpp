// SPDX-License-Identifier: MIT
// What instances ask of the update steps (kairos.step/1), each and all together.
#pragma once

#include <cstdint>
#include <map>
#include <set>

namespace kairos::host {

class Session;
struct Instance;

/// Of one instance. Weights are indices of TrainingTarget::tensors(Role::Weight).
struct StepRequests {
  std::uint32_t batches = 1;                ///< of one step; 1: it does not accumulate
  std::set<std::uint32_t> frozen;           ///< weights
  std::map<std::uint32_t, double> factors;  ///< of learning rates, but those that are 1

  [[nodiscard]] bool none() const { return batches == 1 && frozen.empty() && factors.empty(); }
};

/// Changes the requests of an instance, and tells the target what follows for the steps. The target must have
/// a step control, and the weights must exist.
class StepBoard {
 public:
  explicit StepBoard(Session& session) : session_(session) {}

  /// Another instance that accumulates; null if there is none.
  [[nodiscard]] const Instance* accumulates_besides(const Instance& instance) const;
  void accumulate(Instance& instance, std::uint32_t batches);
  void freeze(Instance& instance, std::uint32_t weight, bool frozen);
  void scale_rate(Instance& instance, std::uint32_t weight, double factor);
  /// Restores saved requests.
  void restore(Instance& instance, const StepRequests& requests);
  /// Withdraws all requests, so that the target is as before the run.
  void release();

 private:
  void tell_frozen(std::uint32_t weight) const;
  void tell_factor(std::uint32_t weight) const;

  Session& session_;
};

}  // namespace kairos::host
