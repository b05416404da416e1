// SPDX-License-Identifier: MIT
// When a trial of a search is not worth its further epochs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "trials.hpp"

namespace kairos::plugins {

/// A trial after an epoch, counted from 1, of which it has reported the value.
struct Question {
  const Trials& trials;
  std::string_view trial;
  std::int64_t epoch;
  bool larger_is_better;
};

/// Optuna's `MedianPruner`: the best value so far is worse than the median of those that the completed trials
/// had in this epoch. Not before `startup` trials are complete, and not in the first `warmup` epochs. The
/// reason, or empty.
[[nodiscard]] std::optional<std::string> worse_than_median(const Question& question, std::int64_t startup,
                                                           std::int64_t warmup);

/// Optuna's `SuccessiveHalvingPruner` (asynchronous halving; Li et al. 2020): after `first`, `first *
/// factor`, `first * factor²`, … epochs, or the first epoch after them that has a value, only the best
/// 1/`factor` of the trials that have got there go on. Until there are `factor` of them, the best one does.
/// The reason, or empty.
[[nodiscard]] std::optional<std::string> not_promoted(const Question& question, std::int64_t first,
                                                      std::int64_t factor);

}  // namespace kairos::plugins
