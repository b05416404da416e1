// SPDX-License-Identifier: MIT
// Keras' learning rate schedules.
#include "nn/optimizers/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "kairos/host/error.hpp"
#include "nn/call_text.hpp"
#include "nn/keras/object.hpp"

namespace kairos::host {

LearningRateSchedule::LearningRateSchedule(ConfigReader& config, std::string_view default_name)
    : name_(config.text("name", default_name)) {}

nlohmann::json LearningRateSchedule::json() const {
  nlohmann::json config{{"name", name_}};
  write_config(config);
  return keras_object("keras.optimizers.schedules", class_name(), std::move(config));
}

namespace {

constexpr double pi = 3.14159265358979323846;
constexpr NumberRange rate_range{0, 3e38};
constexpr NumberRange step_range{1, 9e15};
constexpr NumberRange warmup_range{0, 9e15};
constexpr NumberRange fraction_range{0, 1};

/// Step counts are written as integers if possible.
nlohmann::json count_json(double count) {
  const auto whole = static_cast<std::int64_t>(count);
  return static_cast<double>(whole) == count ? nlohmann::json(whole) : nlohmann::json(count);
}

/// Decreases from 1 at 0 to 0 at 1.
double cosine_factor(double fraction) {
  return 0.5 * (1 + std::cos(pi * fraction));
}

/// The arguments of ExponentialDecay and InverseTimeDecay.
struct DecayArguments {
  explicit DecayArguments(ConfigReader& config)
      : rate(config.required_number("initial_learning_rate", rate_range)),
        steps(config.required_number("decay_steps", step_range)),
        decay(config.required_number("decay_rate", rate_range)),
        staircase(config.boolean("staircase", false)) {}

  [[nodiscard]] double periods(std::int64_t step) const {
    const double p = static_cast<double>(step) / steps;
    return staircase ? std::floor(p) : p;
  }

  void write(nlohmann::json& config) const {
    config["initial_learning_rate"] = rate;
    config["decay_steps"] = count_json(steps);
    config["decay_rate"] = decay;
    config["staircase"] = staircase;
  }

  double rate, steps, decay;
  bool staircase;
};

class ExponentialDecay final : public LearningRateSchedule {
 public:
  explicit ExponentialDecay(ConfigReader& config)
      : LearningRateSchedule(config, "ExponentialDecay"), arguments_(config) {}
  [[nodiscard]] std::string_view class_name() const override { return "ExponentialDecay"; }
  [[nodiscard]] double at(std::int64_t step) const override {
    return arguments_.rate * std::pow(arguments_.decay, arguments_.periods(step));
  }

 protected:
  void write_config(nlohmann::json& config) const override { arguments_.write(config); }

 private:
  DecayArguments arguments_;
};

class InverseTimeDecay final : public LearningRateSchedule {
 public:
  explicit InverseTimeDecay(ConfigReader& config)
      : LearningRateSchedule(config, "InverseTimeDecay"), arguments_(config) {}
  [[nodiscard]] std::string_view class_name() const override { return "InverseTimeDecay"; }
  [[nodiscard]] double at(std::int64_t step) const override {
    return arguments_.rate / (1 + arguments_.decay * arguments_.periods(step));
  }

 protected:
  void write_config(nlohmann::json& config) const override { arguments_.write(config); }

 private:
  DecayArguments arguments_;
};

class PolynomialDecay final : public LearningRateSchedule {
 public:
  explicit PolynomialDecay(ConfigReader& config)
      : LearningRateSchedule(config, "PolynomialDecay"),
        rate_(config.required_number("initial_learning_rate", rate_range)),
        steps_(config.required_number("decay_steps", step_range)),
        end_(config.number("end_learning_rate", 0.0001, rate_range)),
        power_(config.number("power", 1, rate_range)),
        cycle_(config.boolean("cycle", false)) {}
  [[nodiscard]] std::string_view class_name() const override { return "PolynomialDecay"; }
  [[nodiscard]] double at(std::int64_t step) const override {
    const auto now = static_cast<double>(step);
    const double steps = cycle_ ? steps_ * std::max(1.0, std::ceil(now / steps_)) : steps_;
    const double p = std::min(now, steps) / steps;
    return (rate_ - end_) * std::pow(1 - p, power_) + end_;
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["initial_learning_rate"] = rate_;
    config["decay_steps"] = count_json(steps_);
    config["end_learning_rate"] = end_;
    config["power"] = power_;
    config["cycle"] = cycle_;
  }

 private:
  double rate_, steps_, end_, power_;
  bool cycle_;
};

/// Increases linearly to `warmup_target`, if given, then decreases along half a cosine.
class CosineDecay final : public LearningRateSchedule {
 public:
  explicit CosineDecay(ConfigReader& config)
      : LearningRateSchedule(config, "CosineDecay"),
        rate_(config.required_number("initial_learning_rate", rate_range)),
        steps_(config.required_number("decay_steps", step_range)),
        alpha_(config.number("alpha", 0, fraction_range)),
        warmup_target_(config.optional_number("warmup_target", rate_range)),
        warmup_steps_(config.number("warmup_steps", 0, warmup_range)) {
    // Without a target Keras ignores the steps, but writes them.
    if (!warmup_target_ && warmup_steps_ != 0 && !config.is_from_file())
      config.bad_value("warmup_steps", "a warmup_target, or 0",
                       "Give \"warmup_target\", or leave \"warmup_steps\" out");
  }
  [[nodiscard]] std::string_view class_name() const override { return "CosineDecay"; }
  [[nodiscard]] double at(std::int64_t step) const override {
    const auto now = static_cast<double>(step);
    if (warmup_target_ && now < warmup_steps_)
      return (*warmup_target_ - rate_) * (now / warmup_steps_) + rate_;
    const double from = warmup_target_.value_or(rate_);
    const double fraction = std::min(now - (warmup_target_ ? warmup_steps_ : 0), steps_) / steps_;
    return from * ((1 - alpha_) * cosine_factor(fraction) + alpha_);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["initial_learning_rate"] = rate_;
    config["decay_steps"] = count_json(steps_);
    config["alpha"] = alpha_;
    config["warmup_target"] = warmup_target_ ? nlohmann::json(*warmup_target_) : nlohmann::json(nullptr);
    config["warmup_steps"] = count_json(warmup_steps_);
  }

 private:
  double rate_, steps_, alpha_;
  std::optional<double> warmup_target_;
  double warmup_steps_;
};

class CosineDecayRestarts final : public LearningRateSchedule {
 public:
  explicit CosineDecayRestarts(ConfigReader& config)
      : LearningRateSchedule(config, "CosineDecayRestarts"),
        rate_(config.required_number("initial_learning_rate", rate_range)),
        first_steps_(config.required_number("first_decay_steps", step_range)),
        period_factor_(config.number("t_mul", 2, {1, 1e6})),
        height_factor_(config.number("m_mul", 1, rate_range)),
        alpha_(config.number("alpha", 0, fraction_range)) {}
  [[nodiscard]] std::string_view class_name() const override { return "CosineDecayRestarts"; }
  [[nodiscard]] double at(std::int64_t step) const override {
    const double now = static_cast<double>(step) / first_steps_;
    double restart = 0;  // number of restarts so far
    double fraction = 0;
    if (period_factor_ == 1) {
      restart = std::floor(now);
      fraction = now - restart;
    } else {
      restart =
          std::max(0.0, std::floor(std::log(1 + now * (period_factor_ - 1)) / std::log(period_factor_)));
      // Rounding of the logarithms may miss a restart at exactly this step.
      if (now >= begin_of(restart + 1)) ++restart;
      fraction = (now - begin_of(restart)) / std::pow(period_factor_, restart);
    }
    const double height = std::pow(height_factor_, restart);
    return rate_ * ((1 - alpha_) * height * cosine_factor(fraction) + alpha_);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["initial_learning_rate"] = rate_;
    config["first_decay_steps"] = count_json(first_steps_);
    config["t_mul"] = period_factor_;
    config["m_mul"] = height_factor_;
    config["alpha"] = alpha_;
  }

 private:
  /// The start of a period, in units of the first period: 1 + t_mul + t_mul² + …
  [[nodiscard]] double begin_of(double restart) const {
    return (std::pow(period_factor_, restart) - 1) / (period_factor_ - 1);
  }

  double rate_, first_steps_, period_factor_, height_factor_, alpha_;
};

class PiecewiseConstantDecay final : public LearningRateSchedule {
 public:
  explicit PiecewiseConstantDecay(ConfigReader& config)
      : LearningRateSchedule(config, "PiecewiseConstant"),
        boundaries_(read_numbers(config, "boundaries", warmup_range)),
        values_(read_numbers(config, "values", rate_range)) {
    if (!std::is_sorted(boundaries_.begin(), boundaries_.end()))
      config.bad_value("boundaries", "steps in ascending order");
    if (values_.size() != boundaries_.size() + 1)
      config.bad_value("values", "one more value than boundaries");
  }
  [[nodiscard]] std::string_view class_name() const override { return "PiecewiseConstantDecay"; }
  /// A boundary step still belongs to the piece before it.
  [[nodiscard]] double at(std::int64_t step) const override {
    const auto piece = std::lower_bound(boundaries_.begin(), boundaries_.end(), static_cast<double>(step));
    return values_[static_cast<std::size_t>(piece - boundaries_.begin())];
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["boundaries"] = nlohmann::json::array();
    for (const double boundary : boundaries_) config["boundaries"].push_back(count_json(boundary));
    config["values"] = values_;
  }

 private:
  static std::vector<double> read_numbers(ConfigReader& config, std::string_view key, NumberRange range) {
    const nlohmann::json* list = config.take(key);
    if (list == nullptr || !list->is_array() || list->empty()) config.bad_value(key, "a list of numbers");
    std::vector<double> numbers;
    for (const nlohmann::json& value : *list) {
      if (!value.is_number() || !(value.get<double>() >= range.least && value.get<double>() <= range.most))
        config.bad_value(key, range_text("a list of numbers", range));
      numbers.push_back(value.get<double>());
    }
    return numbers;
  }

  std::vector<double> boundaries_, values_;
};

struct ScheduleType {
  std::string_view class_name;
  std::vector<std::string_view> positional;
  std::unique_ptr<LearningRateSchedule> (*make)(ConfigReader& config);
};

template <class Schedule>
std::unique_ptr<LearningRateSchedule> make(ConfigReader& config) {
  return std::make_unique<Schedule>(config);
}

const std::vector<ScheduleType>& schedule_types() {
  static const std::vector<ScheduleType> types{
      {"ExponentialDecay",
       {"initial_learning_rate", "decay_steps", "decay_rate", "staircase"},
       make<ExponentialDecay>},
      {"CosineDecay", {"initial_learning_rate", "decay_steps", "alpha"}, make<CosineDecay>},
      {"CosineDecayRestarts",
       {"initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha"},
       make<CosineDecayRestarts>},
      {"PiecewiseConstantDecay", {"boundaries", "values"}, make<PiecewiseConstantDecay>},
      {"PolynomialDecay",
       {"initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"},
       make<PolynomialDecay>},
      {"InverseTimeDecay",
       {"initial_learning_rate", "decay_steps", "decay_rate", "staircase"},
       make<InverseTimeDecay>},
  };
  return types;
}

}  // namespace

std::unique_ptr<LearningRateSchedule> read_schedule(ConfigReader& config, std::string_view key) {
  const nlohmann::json* value = config.take(key);
  if (value == nullptr || !value->is_object()) return nullptr;
  std::vector<std::string> names;
  for (const ScheduleType& type : schedule_types()) names.emplace_back(type.class_name);
  const KerasObject object(*value, config.where() + " " + std::string(key), names, config.unknown_keys());
  for (const ScheduleType& type : schedule_types()) {
    if (type.class_name != object.class_name()) continue;
    ConfigReader arguments(object.config(), object.where() + " " + object.class_name(),
                           config.inside("schedule", object.class_name()));
    std::unique_ptr<LearningRateSchedule> schedule = type.make(arguments);
    arguments.finish();
    return schedule;
  }
  object.unknown("KAIROS-M021", "learning rate schedule");
}

nlohmann::json schedule_call_json(std::string_view text) {
  CallText call = parse_call(text, "learning rate");
  const auto type =
      std::ranges::find(schedule_types(), std::string_view(call.name), &ScheduleType::class_name);
  // The reader reports the unknown name with its context.
  if (type == schedule_types().end()) return {{"class_name", call.name}};
  for (std::size_t i = 0; i < call.arguments.size() && i < type->positional.size(); ++i) {
    if (!call.arguments[i].name.empty()) break;
    call.arguments[i].name = type->positional[i];
  }
  return call_json(call, "learning rate");
}

}  // namespace kairos::host
