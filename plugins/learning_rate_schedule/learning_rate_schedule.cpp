// SPDX-License-Identifier: MIT
// Sets the learning rate of each epoch or batch by one of the usual schedules, with warm-up.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "../common/text.hpp"
#include "schedules.hpp"

namespace kairos::plugins {

/// The schedules of PyTorch's torch.optim.lr_scheduler (1.13), by their closed forms, with its names and
/// defaults. OneCycle is Smith and Topin 2018, Cyclic is Smith 2017, CosineRestarts is Loshchilov and Hutter
/// 2017 (with the factor m_mul of Keras), InverseSqrt is Vaswani et al. 2017. Differences from PyTorch: a
/// schedule that is longer than its total keeps the last value of one_cycle; every schedule but the two
/// cycles may have a linear warm-up before it.
struct LearningRateSchedule : Callback<LearningRateSchedule> {
  static constexpr auto id = "kairos.LearningRateSchedule";
  static constexpr auto summary =
      "Sets the learning rate of each epoch or batch: warm-up, steps, cosine, one-cycle and others.";
  static constexpr auto capabilities = Can::SetOptimizer;
  static constexpr auto publishes = "learning_rate";

  Option<Choice> schedule{this, "schedule", required, "what the rate does after the warm-up",
                          choices("constant,step,multi_step,exponential,polynomial,cosine,cosine_restarts,"
                                  "inverse_sqrt,one_cycle,cyclic")};
  Option<Choice> per{this, "per", "epoch", "whether a step of the schedule is an epoch or a batch",
                     choices("epoch,batch")};
  Option<double> initial_lr{this,     "initial_lr",
                            unset,    "rate that the schedule begins with; if not set, the optimizer's",
                            above(0), alias("base_lr")};
  Option<int> warmup{this, "warmup", 0, "steps in which the rate rises linearly before the schedule begins",
                     kairos::min(0)};
  Option<double> warmup_factor{
      this,           "warmup_factor",
      unset,          "rate of the first step of the warm-up, as a factor of initial_lr; 1/3 if not set",
      kairos::min(0), kairos::max(1)};
  Option<int> total{this,
                    "total",
                    unset,
                    "polynomial, cosine, one_cycle: steps of the schedule; if not set, to the end of the run",
                    kairos::min(1),
                    alias("total_steps,total_iters,T_max")};
  Option<double> min_lr{this,           "min_lr",
                        unset,          "polynomial, cosine, cosine_restarts: the lowest rate; 0 if not set",
                        kairos::min(0), alias("eta_min")};
  Option<double> gamma{
      this, "gamma", unset,
      "factor of step and multi_step (0.1 if not set), of exponential, and of cyclic for each step (1)",
      above(0)};
  Option<int> step_size{this, "step_size", unset, "step: steps between two reductions", kairos::min(1)};
  Option<List<int>> milestones{this, "milestones", unset,
                               "multi_step: the steps that begin with a reduction, such as '30,60,80'",
                               kairos::min(0)};
  Option<double> power{this, "power", unset, "polynomial: the exponent; 1 if not set", above(0)};
  Option<int> period{this,           "period",    unset, "cosine_restarts: steps before the first restart",
                     kairos::min(1), alias("T_0")};
  Option<double> period_factor{
      this,           "period_factor",
      unset,          "cosine_restarts: each period is this many times longer; 1 if not set",
      kairos::min(1), alias("T_mult,t_mul")};
  Option<double> restart_factor{
      this,          "restart_factor",
      unset,         "cosine_restarts: factor of the rate at each restart; 1 if not set",
      above(0),      kairos::max(1),
      alias("m_mul")};
  Option<double> max_lr{this, "max_lr", unset, "one_cycle, cyclic: the highest rate", above(0)};
  Option<double> pct_start{
      this,           "pct_start",
      unset,          "one_cycle: part of the steps in which the rate rises; 0.3 if not set",
      kairos::min(0), kairos::max(1)};
  Option<Choice> anneal_strategy{this, "anneal_strategy", unset,
                                 "one_cycle: shape of the rise and the fall; cos if not set",
                                 choices("cos,linear")};
  Option<double> div_factor{this, "div_factor", unset, "one_cycle: max_lr / first rate; 25 if not set",
                            above(0)};
  Option<double> final_div_factor{this, "final_div_factor", unset,
                                  "one_cycle: first rate / last rate; 10000 if not set", above(0)};
  Option<bool> three_phase{this, "three_phase", unset,
                           "one_cycle: falls to the first rate as long as it rose, then to the last one"};
  Option<int> step_size_up{this, "step_size_up", unset, "cyclic: steps of a rise; 2000 if not set",
                           kairos::min(1)};
  Option<int> step_size_down{this, "step_size_down", unset,
                             "cyclic: steps of a fall; if not set, as many as of a rise", kairos::min(1)};
  Option<Choice> cycle{this,
                       "cycle",
                       unset,
                       "cyclic: triangular2 halves the height after each cycle; triangular if not set",
                       choices("triangular,triangular2"),
                       alias("mode")};
  Option<bool> cycle_momentum{
      this, "cycle_momentum", unset,
      "one_cycle, cyclic: momentum (or beta_1) falls while the rate rises; if not set, if there is momentum"};
  Option<double> base_momentum{
      this,           "base_momentum",
      unset,          "one_cycle, cyclic: momentum at the highest rate; if not set, 0.85 and 0.8",
      kairos::min(0), below(1)};
  Option<double> max_momentum{
      this,           "max_momentum",
      unset,          "one_cycle, cyclic: momentum at the lowest rate; if not set, 0.95 and 0.9",
      kairos::min(0), below(1)};
  Option<int> verbose{this, "verbose", 0, "1 prints the rate of each epoch", kairos::min(0)};

  State<double> first_rate{this, "first_rate", unset};  ///< the optimizer's, before the first step
  State<std::int64_t> step{this, "step", 0};            ///< with per=batch: batches begun

  void setup(Run& run) {
    if (run.mode() != Mode::Fit) return;
    plan_->kind = kind_of(schedule.value());
    check_options();
    read_numbers();
    read_total(run);
    find_momentum(run);
    // Fails before training if the optimizer has no rate, or a schedule of its own.
    run.set_learning_rate(run.learning_rate());
  }

  void on_train_begin(Run& run) {
    if (!run.resumed()) {
      first_rate = run.learning_rate();
      // As many as the epochs left out would have had.
      step = run.initial_epoch() * std::max<std::int64_t>(run.steps_per_epoch(), 0);
    }
    plan_->initial_lr = initial_lr.is_set() ? initial_lr.value() : first_rate.value();
    if (plan_->kind == ScheduleKind::Cyclic && plan_->max_lr < plan_->initial_lr)
      throw Error("max_lr is " + shortest(plan_->max_lr) + ", below initial_lr=" +
                  shortest(plan_->initial_lr) + ". Set a larger max_lr, or a smaller initial_lr");
  }

  void on_epoch_begin(Epoch& epoch) {
    const std::int64_t now = per == "epoch" ? epoch.index() : step.value();
    const float rate = apply(epoch, now);
    if (verbose > 0)
      epoch.print("Epoch " + std::to_string(epoch.number()) +
                  ": LearningRateSchedule setting learning rate to " + shortest(rate) + ".");
  }

  void on_train_batch_begin(Batch& batch) {
    if (per == "epoch") return;
    apply(batch, step);
    ++step;
  }

  void on_epoch_end(Epoch& epoch) { epoch.publish("learning_rate", epoch.used_learning_rate()); }

 private:
  static constexpr std::array<std::pair<std::string_view, ScheduleKind>, 10> kinds{
      {{"constant", ScheduleKind::Constant},
       {"step", ScheduleKind::Step},
       {"multi_step", ScheduleKind::MultiStep},
       {"exponential", ScheduleKind::Exponential},
       {"polynomial", ScheduleKind::Polynomial},
       {"cosine", ScheduleKind::Cosine},
       {"cosine_restarts", ScheduleKind::CosineRestarts},
       {"inverse_sqrt", ScheduleKind::InverseSqrt},
       {"one_cycle", ScheduleKind::OneCycle},
       {"cyclic", ScheduleKind::Cyclic}}};

  static ScheduleKind kind_of(std::string_view name) {
    for (const auto& [word, kind] : kinds)
      if (word == name) return kind;
    return ScheduleKind::Constant;
  }

  /// An option that the schedule does not use has been set by mistake, and one that it needs is missing.
  void check_options() const {
    const std::string_view cycles = "one_cycle cyclic";
    const std::string_view cosines = "polynomial cosine cosine_restarts";
    const std::pair<const detail::OptionBase*, std::string_view> users[] = {
        {&total, "polynomial cosine one_cycle"},
        {&min_lr, cosines},
        {&gamma, "step multi_step exponential cyclic"},
        {&step_size, "step"},
        {&milestones, "multi_step"},
        {&power, "polynomial"},
        {&period, "cosine_restarts"},
        {&period_factor, "cosine_restarts"},
        {&restart_factor, "cosine_restarts"},
        {&max_lr, cycles},
        {&pct_start, "one_cycle"},
        {&anneal_strategy, "one_cycle"},
        {&div_factor, "one_cycle"},
        {&final_div_factor, "one_cycle"},
        {&three_phase, "one_cycle"},
        {&step_size_up, "cyclic"},
        {&step_size_down, "cyclic"},
        {&cycle, "cyclic"},
        {&cycle_momentum, cycles},
        {&base_momentum, cycles},
        {&max_momentum, cycles}};
    for (const auto& [option, names] : users)
      if (option->is_set() && !lists(names, schedule.value()))
        refuse(std::string(option->declaration().name) + " does not apply", "Omit it");
    if (initial_lr.is_set() && schedule == "one_cycle")
      refuse("initial_lr does not apply", "Omit it; the first rate is max_lr / div_factor");
    if (warmup > 0 && has_momentum(plan_->kind)) refuse("warmup does not apply", "Omit it");
    if (warmup_factor.is_set() && has_momentum(plan_->kind))
      refuse("warmup_factor does not apply", "Omit it");
    if (warmup_factor.is_set() && warmup == 0)
      throw Error(
          "warmup_factor applies to a warm-up, and warmup is 0. Set warmup to its steps, or omit "
          "warmup_factor");
    need(step_size, "step");
    need(milestones, "multi_step");
    need(gamma, "exponential");
    need(period, "cosine_restarts");
    need(max_lr, cycles);
  }

  static bool lists(std::string_view names, std::string_view name) {
    return (' ' + std::string(names) + ' ').find(' ' + std::string(name) + ' ') != std::string::npos;
  }
  void need(const detail::OptionBase& option, std::string_view names) const {
    if (lists(names, schedule.value()) && !option.is_set())
      refuse(std::string(option.declaration().name) + " is not set", "Set it");
  }
  [[noreturn]] void refuse(const std::string& what, const std::string& cure) const {
    throw Error(what + " with schedule=" + std::string(schedule.value()) + ". " + cure);
  }

  static double value_or(const Option<double>& option, double otherwise) {
    return option.is_set() ? option.value() : otherwise;
  }
  static std::int64_t value_or(const Option<int>& option, std::int64_t otherwise) {
    return option.is_set() ? option.value() : otherwise;
  }

  void read_numbers() {
    Schedule& s = *plan_;
    const bool one_cycle = s.kind == ScheduleKind::OneCycle;
    s.warmup = warmup;
    s.warmup_factor = value_or(warmup_factor, 1.0 / 3);
    s.gamma = value_or(gamma, s.kind == ScheduleKind::Cyclic ? 1.0 : 0.1);
    s.min_lr = value_or(min_lr, 0);
    s.step_size = value_or(step_size, 1);
    read_milestones();
    s.power = value_or(power, 1);
    s.period = value_or(period, 1);
    s.period_factor = value_or(period_factor, 1);
    s.restart_factor = value_or(restart_factor, 1);
    s.max_lr = value_or(max_lr, 0);
    s.pct_start = value_or(pct_start, 0.3);
    s.linear = anneal_strategy == "linear";
    s.three_phase = three_phase.is_set() && three_phase;
    s.div_factor = value_or(div_factor, 25);
    s.final_div_factor = value_or(final_div_factor, 1e4);
    s.step_size_up = value_or(step_size_up, 2000);
    s.step_size_down = value_or(step_size_down, s.step_size_up);
    s.halving = cycle == "triangular2";
    s.base_momentum = value_or(base_momentum, one_cycle ? 0.85 : 0.8);
    s.max_momentum = value_or(max_momentum, one_cycle ? 0.95 : 0.9);
    if (s.max_momentum < s.base_momentum)
      throw Error("max_momentum is " + shortest(s.max_momentum) +
                  ", below base_momentum=" + shortest(s.base_momentum) + ". Exchange them");
  }

  void read_milestones() {
    plan_->milestones = milestones.values();
    if (plan_->kind == ScheduleKind::MultiStep && plan_->milestones.empty())
      throw Error("milestones is empty. Write for example milestones='30,60,80'");
  }

  void read_total(const Run& run) {
    const bool used = lists("polynomial cosine one_cycle", schedule.value());
    if (per == "batch" && used && !total.is_set() && run.steps_per_epoch() < 0)
      throw Error(
          "the number of batches of an epoch is not known, so the length of the schedule is not either. "
          "Set total to the number of batches of the run");
    const std::int64_t epochs = std::max<std::int64_t>(run.epochs(), 1);
    const std::int64_t steps =
        per == "epoch" ? epochs : epochs * std::max<std::int64_t>(run.steps_per_epoch(), 1);
    plan_->total = value_or(total, std::max<std::int64_t>(steps - plan_->warmup, 1));
  }

  /// Which hyper-parameter follows the cycle; none if momentum stays.
  void find_momentum(const Run& run) {
    momentum_ = nullptr;
    if (!has_momentum(plan_->kind) || (cycle_momentum.is_set() && !cycle_momentum)) return;
    for (const char* name : {"momentum", "beta_1"})
      if (momentum_ == nullptr && value_of(run, name) > 0) momentum_ = name;
    if (momentum_ == nullptr && cycle_momentum.is_set())
      throw Error(
          "cycle_momentum=true needs an optimizer with momentum or beta_1. Set the optimizer's momentum, "
          "or cycle_momentum=false");
  }

  /// 0 if the optimizer has no such hyper-parameter.
  static double value_of(const Run& run, const char* name) {
    try {
      return run.hyper(name);
    } catch (const HostError& error) {
      if (error.status() != KAIROS_E_NOT_FOUND) throw;
      return 0;
    }
  }

  /// Sets the values of a step; returns the rate as the optimizer stores it.
  float apply(Event& event, std::int64_t now) {
    const ScheduledValues values = scheduled(*plan_, now);
    const auto rate = static_cast<float>(values.learning_rate);
    if (!std::isfinite(rate))
      throw Error("the schedule gives the rate " + shortest(rate) + " in step " + std::to_string(now) +
                  "; expected a finite rate. Correct its options");
    event.set_learning_rate(static_cast<double>(rate));
    if (momentum_ != nullptr && values.momentum) event.set_hyper(momentum_, *values.momentum);
    return rate;
  }

  Owned<Schedule> plan_{this};
  const char* momentum_ = nullptr;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::LearningRateSchedule)
