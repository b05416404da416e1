// SPDX-License-Identifier: MIT
// The rules of Optuna 4, over values of one epoch.
#include "rules.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <vector>

#include "../common/text.hpp"

namespace kairos::plugins {

namespace {

/// Worst to best is descending for losses.
bool is_better(const Question& question, double a, double b) {
  return question.larger_is_better ? a > b : a < b;
}

const Trial& asking(const Question& question) {
  return question.trials.find(question.trial)->second;
}

/// What a trial had when it came to a rung: its first value in that epoch or after it, because a validation
/// may be missing in some epochs.
std::map<std::int64_t, double>::const_iterator value_at(const Trial& trial, std::int64_t rung) {
  return trial.values.lower_bound(rung);
}

std::optional<std::string> not_among_best(const Question& question, std::int64_t rung, std::int64_t factor) {
  const double value = asking(question).values.at(question.epoch);
  if (std::isnan(value)) return "the value is nan";
  std::vector<double> all;
  for (const auto& [name, trial] : question.trials) {
    const auto found = value_at(trial, rung);
    if (found != trial.values.end() && !std::isnan(found->second)) all.push_back(found->second);
  }
  std::sort(all.begin(), all.end(), [&](double a, double b) { return is_better(question, a, b); });
  const std::size_t promoted = std::max<std::size_t>(all.size() / static_cast<std::size_t>(factor), 1);
  if (!is_better(question, all[promoted - 1], value)) return std::nullopt;
  return "the value " + shortest(value) + " of epoch " + std::to_string(question.epoch) +
         " is not among the best " + std::to_string(promoted) + " of " + std::to_string(all.size()) +
         " trials";
}

}  // namespace

std::optional<std::string> worse_than_median(const Question& question, std::int64_t startup,
                                             std::int64_t warmup) {
  std::int64_t complete = 0;
  std::vector<double> others;  // NaN is left out, as by numpy.nanmedian
  for (const auto& [name, trial] : question.trials) {
    if (!trial.is_complete || name == question.trial) continue;
    ++complete;
    const auto found = trial.values.find(question.epoch);
    if (found != trial.values.end() && !std::isnan(found->second)) others.push_back(found->second);
  }
  if (complete == 0 || complete < startup || question.epoch <= warmup) return std::nullopt;
  std::optional<double> best;
  for (const auto& [epoch, value] : asking(question).values)
    if (epoch <= question.epoch && !std::isnan(value) && (!best || is_better(question, value, *best)))
      best = value;
  if (!best) return "all values so far are nan";
  if (others.empty()) return std::nullopt;
  std::sort(others.begin(), others.end());
  const std::size_t middle = others.size() / 2;
  // As numpy.nanpercentile, to the last bit. Between a number and infinity it is NaN, which stops nothing.
  const double median =
      others.size() % 2 == 1 ? others[middle] : others[middle] - (others[middle] - others[middle - 1]) / 2;
  if (!is_better(question, median, *best)) return std::nullopt;
  return "the best value, " + shortest(*best) + ", is worse than " + shortest(median) +
         ", the median of epoch " + std::to_string(question.epoch) + " in " + std::to_string(others.size()) +
         (others.size() == 1 ? " complete trial" : " complete trials");
}

std::optional<std::string> not_promoted(const Question& question, std::int64_t first, std::int64_t factor) {
  for (std::int64_t rung = first; rung <= question.epoch; rung *= factor) {
    const auto value = value_at(asking(question), rung);
    if (value->first == question.epoch)
      if (std::optional<std::string> reason = not_among_best(question, rung, factor)) return reason;
    if (rung > question.epoch / factor) break;
  }
  return std::nullopt;
}

}  // namespace kairos::plugins
