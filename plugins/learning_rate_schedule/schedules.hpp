// SPDX-License-Identifier: MIT
// Learning rate schedules as functions of the number of steps; without state, so that a resumed run needs
// none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kairos::plugins {

enum class ScheduleKind {
  Constant,
  Step,
  MultiStep,
  Exponential,
  Polynomial,
  Cosine,
  CosineRestarts,
  InverseSqrt,
  OneCycle,
  Cyclic
};

/// The parameters of a schedule. Each kind uses some of them; steps are epochs or batches.
struct Schedule {
  ScheduleKind kind = ScheduleKind::Constant;
  double initial_lr = 0;       ///< all but OneCycle
  std::int64_t warmup = 0;     ///< all but OneCycle and Cyclic: steps before the schedule proper begins
  double warmup_factor = 0;    ///< of initial_lr, in the first step of the warm-up
  double gamma = 1;            ///< Step, MultiStep, Exponential, Cyclic
  double min_lr = 0;           ///< Polynomial, Cosine, CosineRestarts
  std::int64_t step_size = 1;  ///< Step
  std::vector<std::int64_t> milestones;  ///< MultiStep
  std::int64_t total = 1;                ///< Polynomial, Cosine, OneCycle; without the warm-up
  double power = 1;                      ///< Polynomial
  std::int64_t period = 1;               ///< CosineRestarts: steps of the first period
  double period_factor = 1;              ///< CosineRestarts: growth of the periods
  double restart_factor = 1;             ///< CosineRestarts: factor of the rate at each restart
  double max_lr = 0;                     ///< OneCycle, Cyclic
  double pct_start = 0.3;                ///< OneCycle: part of the steps in which the rate rises
  bool linear = false;                   ///< OneCycle: straight lines in place of cosines
  bool three_phase = false;              ///< OneCycle
  double div_factor = 25;                ///< OneCycle: max_lr / first rate
  double final_div_factor = 1e4;         ///< OneCycle: first rate / last rate
  std::int64_t step_size_up = 1;         ///< Cyclic
  std::int64_t step_size_down = 1;       ///< Cyclic
  bool halving = false;                  ///< Cyclic: each cycle is half as high as the one before
  double base_momentum = 0;              ///< OneCycle, Cyclic: momentum at the highest rate
  double max_momentum = 0;               ///< OneCycle, Cyclic: momentum at the lowest rate
};

struct ScheduledValues {
  double learning_rate = 0;
  std::optional<double> momentum = {};  ///< only of OneCycle and Cyclic
};

/// The values in force during step `step`, counted from 0.
[[nodiscard]] ScheduledValues scheduled(const Schedule& schedule, std::int64_t step);

/// True if the schedule is a cycle of rate and momentum.
[[nodiscard]] inline bool has_momentum(ScheduleKind kind) {
  return kind == ScheduleKind::OneCycle || kind == ScheduleKind::Cyclic;
}

}  // namespace kairos::plugins
