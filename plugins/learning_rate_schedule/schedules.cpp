// SPDX-License-Identifier: MIT
// The closed forms of PyTorch's schedulers, in double.
#include "schedules.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace kairos::plugins {

namespace {

constexpr double pi = 3.14159265358979323846;

/// From `start` to `end`, as `part` goes from 0 to 1.
double annealed(double start, double end, double part, bool linear) {
  if (linear) return start + (end - start) * part;
  return end + (start - end) / 2 * (1 + std::cos(pi * part));
}

double restarted(const Schedule& s, double step) {
  double period = static_cast<double>(s.period);
  double top = s.initial_lr;
  if (s.period_factor == 1) {
    const double periods = std::floor(step / period);
    top *= std::pow(s.restart_factor, periods);
    step -= periods * period;
  } else {
    while (step >= period) {
      step -= period;
      period *= s.period_factor;
      top *= s.restart_factor;
    }
  }
  return annealed(top, s.min_lr, step / period, false);
}

/// The rate without warm-up.
double proper(const Schedule& s, std::int64_t step) {
  const auto t = static_cast<double>(step);
  const auto total = static_cast<double>(s.total);
  switch (s.kind) {
    case ScheduleKind::Step:
      return s.initial_lr * std::pow(s.gamma, static_cast<double>(step / s.step_size));
    case ScheduleKind::MultiStep:
      return s.initial_lr * std::pow(s.gamma, static_cast<double>(std::count_if(
                                                  s.milestones.begin(), s.milestones.end(),
                                                  [step](std::int64_t at) { return at <= step; })));
    case ScheduleKind::Exponential:
      return s.initial_lr * std::pow(s.gamma, t);
    case ScheduleKind::Polynomial:
      return s.min_lr + (s.initial_lr - s.min_lr) * std::pow(1 - std::min(t, total) / total, s.power);
    case ScheduleKind::Cosine:
      return annealed(s.initial_lr, s.min_lr, t / total, false);
    case ScheduleKind::CosineRestarts:
      return restarted(s, t);
    case ScheduleKind::InverseSqrt: {
      const auto reference = static_cast<double>(std::max<std::int64_t>(s.warmup, 1));
      return s.initial_lr * std::sqrt(reference / (reference + t));
    }
    default:
      return s.initial_lr;
  }
}

struct Phase {
  double end;  ///< its last step; need not be whole
  double rate_from, rate_to, momentum_from, momentum_to;
};

ScheduledValues one_cycle(const Schedule& s, double step) {
  const auto total = static_cast<double>(s.total);
  const double first = s.max_lr / s.div_factor;
  const double last = first / s.final_div_factor;
  const double high = s.max_momentum;
  const double low = s.base_momentum;
  const double rise = s.pct_start * total;
  std::array<Phase, 3> phases{{{rise - 1, first, s.max_lr, high, low},
                               {2 * rise - 2, s.max_lr, first, low, high},
                               {total - 1, first, last, high, high}}};
  std::size_t count = 3;
  if (!s.three_phase) {
    phases[1] = {total - 1, s.max_lr, last, low, high};
    count = 2;
  }
  double start = 0;
  std::size_t i = 0;
  for (; i + 1 < count && step > phases[i].end; ++i) start = phases[i].end;
  const Phase& now = phases[i];
  const double part = now.end > start ? std::min((step - start) / (now.end - start), 1.0) : 1.0;
  return {annealed(now.rate_from, now.rate_to, part, s.linear),
          annealed(now.momentum_from, now.momentum_to, part, s.linear)};
}

ScheduledValues cyclic(const Schedule& s, double step) {
  const auto up = static_cast<double>(s.step_size_up);
  const double length = up + static_cast<double>(s.step_size_down);
  const double ratio = up / length;
  const double cycle = std::floor(1 + step / length);
  const double x = 1 + step / length - cycle;
  double height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
  if (s.halving) height /= std::pow(2.0, cycle - 1);
  height *= std::pow(s.gamma, step);
  return {s.initial_lr + (s.max_lr - s.initial_lr) * height,
          s.max_momentum - (s.max_momentum - s.base_momentum) * height};
}

}  // namespace

ScheduledValues scheduled(const Schedule& schedule, std::int64_t step) {
  if (schedule.kind == ScheduleKind::OneCycle) return one_cycle(schedule, static_cast<double>(step));
  if (schedule.kind == ScheduleKind::Cyclic) return cyclic(schedule, static_cast<double>(step));
  if (step >= schedule.warmup) return {proper(schedule, step - schedule.warmup)};
  const double part = static_cast<double>(step) / static_cast<double>(schedule.warmup);
  return {schedule.initial_lr * (schedule.warmup_factor + (1 - schedule.warmup_factor) * part)};
}

}  // namespace kairos::plugins
