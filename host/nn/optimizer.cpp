// SPDX-License-Identifier: MIT
// The common part of all optimizers: arguments, clipping, weight decay, slots.
#include "nn/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "compute/kernels/updates.hpp"
#include "compute/parallel.hpp"
#include "compute/vector.hpp"
#include "kairos/host/error.hpp"
#include "nn/optimizers/schedule.hpp"

namespace kairos::host {

namespace {
constexpr NumberRange rate_range{0, 3e38};
constexpr NumberRange positive_range{1e-30, 3e38};
constexpr std::string_view rate_name = "learning_rate";
constexpr float largest_count = 9.2e18F;
/// Values that are updated at a time: few enough for the cache to keep them between the passes.
constexpr std::int64_t part_values = 4096;

bool is_rate(float value) {
  const auto number = static_cast<double>(value);
  return number >= rate_range.least && number <= rate_range.most;
}
}  // namespace

Optimizer::Optimizer(ConfigReader& config, double default_learning_rate)
    : schedule_(read_schedule(config, rate_name)),
      learning_rate_(static_cast<float>(
          schedule_ ? schedule_->at(0) : config.number(rate_name, default_learning_rate, rate_range))),
      weight_decay_(config.optional_number("weight_decay", rate_range)) {
  config.skip("name");
  read_clip(config);
  read_average(config);
  accumulation_steps_ = config.optional_integer("gradient_accumulation_steps", {2, 1e9}).value_or(1);
  loss_scale_factor_ = config.optional_number("loss_scale_factor", positive_range);
  config.unsupported("decay", 0.0, "Write learning_rate=InverseTimeDecay(RATE,1,DECAY)");
}

Optimizer::~Optimizer() = default;

void Optimizer::read_clip(ConfigReader& config) {
  constexpr std::pair<const char*, Clip> kinds[] = {
      {"clipvalue", Clip::Value}, {"clipnorm", Clip::Norm}, {"global_clipnorm", Clip::GlobalNorm}};
  for (const auto& [key, kind] : kinds) {
    const std::optional<double> limit = config.optional_number(key, positive_range);
    if (!limit) continue;
    if (clip_ != Clip::None)
      config.bad_value(key, "only one of clipvalue, clipnorm and global_clipnorm", "Leave the others out");
    clip_ = kind;
    clip_limit_ = *limit;
  }
}

void Optimizer::read_average(ConfigReader& config) {
  const bool mentioned = config.take("use_ema") != nullptr;
  averages_ = config.boolean("use_ema", false);
  // Keras writes these even if use_ema is off, where they have no effect.
  if (!mentioned)
    for (const char* key : {"ema_momentum", "ema_overwrite_frequency"})
      config.unsupported(key, nullptr, "Set use_ema=true too");
  average_momentum_ = config.number("ema_momentum", 0.99, {0, 1});
  overwrite_frequency_ = config.optional_integer("ema_overwrite_frequency", {1, 2147483647});
}

std::size_t Optimizer::add_hyper(ConfigReader& config, std::string_view name, double fallback,
                                 NumberRange range) {
  hypers_.push_back({name, config.number(name, fallback, range), range});
  return hypers_.size() - 1;
}

void Optimizer::build(std::vector<TrainedWeight> weights) {
  weights_ = std::move(weights);
  rate_factors_.assign(weights_.size(), 1.0);
  for (const TrainedWeight& weight : weights_) {
    const Parameter& parameter = *weight.parameter;
    std::optional<ConstraintKeeper>& keeper = constraints_.emplace_back();
    if (!parameter.constraint.none())
      keeper.emplace(parameter.constraint, parameter.shape, weight.slot_prefix);
    if (!needs_whole_weight()) continue;
    scratch_.reserve(parameter.size());
    if (clip_ != Clip::None) clipped_.reserve(parameter.size());
  }
  scratch_data_ = scratch_.data();
  add_base_slots();
  add_slots();
  for (const auto& [name, shared] : shared_slots_)
    slot_refs_.push_back({std::string(instance_name()) + "/" + std::string(name), {}, shared, false});
}

void Optimizer::add_base_slots() {
  const std::string prefix = std::string(instance_name()) + "/";
  slot_refs_.push_back({prefix + "iteration", {}, &iterations_mirror_, false});
  if (!schedule_) slot_refs_.push_back({prefix + std::string(rate_name), {}, &learning_rate_, false});
  for (const TrainedWeight& weight : weights_) {
    const auto add = [&](const char* name, std::vector<FloatBuffer>& all, std::vector<float*>& data) {
      FloatBuffer& values = all.emplace_back();
      values.reserve(weight.parameter->size());
      std::fill_n(values.data(), weight.parameter->size(), 0.0F);
      data.push_back(values.data());
      slot_refs_.push_back({prefix + weight.slot_prefix + name, weight.parameter->shape, data.back(), false});
    };
    if (averages_) add("_average", average_values_, average_data_);
    if (accumulation_steps_ > 1) add("_gradient_accumulator", accumulated_values_, accumulated_data_);
  }
}

void Optimizer::add_slots() {
  slot_data_.assign(weights_.size() * slot_types_.size(), nullptr);
  slot_values_.resize(slot_data_.size());
  const int groups = slot_types_.empty() ? 0 : slot_types_.back().group + 1;
  for (int group = 0; group < groups; ++group)
    for (std::size_t w = 0; w < weights_.size(); ++w)
      for (std::size_t t = 0; t < slot_types_.size(); ++t) {
        const SlotType& type = slot_types_[t];
        const std::optional<Shape> shape = slot_shape(t, *weights_[w].parameter);
        if (type.group != group || !shape) continue;
        FloatBuffer& values = slot_values_[w * slot_types_.size() + t];
        values.reserve(size_of(*shape));
        std::fill_n(values.data(), size_of(*shape), type.initial);
        slot_data_[w * slot_types_.size() + t] = values.data();
        slot_refs_.push_back(
            {std::string(instance_name()) + "/" + weights_[w].slot_prefix + "_" + std::string(type.name),
             *shape, values.data(), false});
      }
}

double Optimizer::global_norm() const {
  double sum = 0;
  for (std::size_t w = 0; w < weights_.size(); ++w)
    if (const Parameter& parameter = *weights_[w].parameter; !parameter.frozen)
      sum += sum_of_squares(parameter.size(), gradient_of(w));
  return std::sqrt(sum);
}

bool Optimizer::accumulate() {
  const bool is_last = (iterations_ + 1) % accumulation_steps_ == 0;
  for (std::size_t w = 0; w < weights_.size(); ++w) {
    const Parameter& parameter = *weights_[w].parameter;
    const float* const gradient = parameter.gradient.data();
    float* const sum = accumulated_data_[w];
    if (!is_last) {
      add_to(parameter.size(), gradient, sum);
      continue;
    }
    const auto steps = static_cast<float>(accumulation_steps_);
    in_parallel(parameter.size(), least_values, [=](std::int64_t begin, std::int64_t end) {
      update_kernels().mean(end - begin, steps, gradient + begin, sum + begin);
    });
  }
  return is_last;
}

void Optimizer::step() {
  const bool accumulates = accumulation_steps_ > 1;
  if (!accumulates || accumulate()) {
    update_weights();
    for (std::size_t w = 0; accumulates && w < weights_.size(); ++w)
      std::fill_n(accumulated_data_[w], weights_[w].parameter->size(), 0.0F);
  } else if (averages_) {
    for (std::size_t w = 0; w < weights_.size(); ++w)
      if (!weights_[w].parameter->frozen) average_weight(w);
  }
  // The average of a weight that never moved is the weight; a later average begins with it.
  if (averages_ && iterations_ == 0)
    for (std::size_t w = 0; w < weights_.size(); ++w)
      if (const Parameter& parameter = *weights_[w].parameter; parameter.frozen)
        std::copy_n(parameter.values.data(), parameter.size(), average_values_[w].data());
  ++iterations_;
  for (std::size_t w = 0; w < weights_.size(); ++w)
    if (constraints_[w] && !weights_[w].parameter->frozen)
      constraints_[w]->apply(weights_[w].parameter->values.data());
}

void Optimizer::update_weights() {
  const double norm = clip_ == Clip::GlobalNorm ? global_norm() : 0;
  if (schedule_) learning_rate_ = static_cast<float>(schedule_->at(iterations_));
  begin_step();
  for (std::size_t w = 0; w < weights_.size(); ++w)
    if (!weights_[w].parameter->frozen) update_weight(w, norm);
}

void Optimizer::update_weight(std::size_t weight, double global_norm) {
  const std::int64_t n = weights_[weight].parameter->size();
  weight_rate_ = static_cast<float>(static_cast<double>(learning_rate_) * rate_factors_[weight]);
  const double norm = clip_ == Clip::Norm ? std::sqrt(sum_of_squares(n, gradient_of(weight))) : global_norm;
  // Not std::max, so that a NaN norm stays NaN.
  const auto divisor = static_cast<float>(norm < clip_limit_ ? clip_limit_ : norm);
  if (!needs_whole_weight())
    return each_part(weight, [&](const Part& part) {
      alignas(64) float clipped[part_values];
      update(prepared(part, divisor, clipped));
      average_part(part);
    });
  each_part(weight, [&](const Part& part) {
    float* const clipped = clip_ == Clip::None ? nullptr : clipped_.data() + part.first;
    static_cast<void>(prepared(part, divisor, clipped));
  });
  if (n > 0)
    update({weight, 0, n, clip_ == Clip::None ? gradient_of(weight) : clipped_.data(),
            weights_[weight].parameter->values.data()});
  average_weight(weight);
}

template <typename Work>
void Optimizer::each_part(std::size_t weight, const Work& work) const {
  Parameter& parameter = *weights_[weight].parameter;
  in_parallel(parameter.size(), least_values, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t first = begin; first < end; first += part_values)
      work({weight, first, std::min(part_values, end - first), gradient_of(weight) + first,
            parameter.values.data() + first});
  });
}

Optimizer::Part Optimizer::prepared(Part part, float divisor, float* clipped) const {
  const UpdateKernels& kernels = update_kernels();
  if (clip_ != Clip::None) {
    const auto limit = static_cast<float>(clip_limit_);
    if (clip_ == Clip::Value)
      kernels.clip(part.n, limit, part.gradient, clipped);
    else
      kernels.scale(part.n, limit, divisor, part.gradient, clipped);
    part.gradient = clipped;
  }
  if (weight_decay_) kernels.decay(part.n, static_cast<float>(*weight_decay_), weight_rate_, part.values);
  return part;
}

void Optimizer::average_part(const Part& part) const {
  if (!averages_) return;
  const float kept = updates() == 0 ? 0.0F : static_cast<float>(average_momentum_);
  float* const average = average_data_[part.weight] + part.first;
  update_kernels().average(part.n, kept, part.values, average);
  if (overwrite_frequency_ && (updates() + 1) % *overwrite_frequency_ == 0)
    std::copy_n(average, part.n, part.values);
}

void Optimizer::average_weight(std::size_t weight) const {
  if (averages_) each_part(weight, [this](const Part& part) { average_part(part); });
}

void Optimizer::finish() {
  if (!averages_ || iterations_ == 0) return;
  for (std::size_t w = 0; w < weights_.size(); ++w)
    if (Parameter& parameter = *weights_[w].parameter; !parameter.frozen)
      std::copy_n(average_values_[w].data(), parameter.size(), parameter.values.data());
}

std::optional<double> Optimizer::hyper(std::string_view name) const {
  if (name == rate_name || name == "lr")
    return static_cast<double>(schedule_ ? static_cast<float>(schedule_->at(iterations_)) : learning_rate_);
  if (name == "weight_decay") return weight_decay_;
  for (const Hyper& hyper : hypers_)
    if (hyper.name == name) return hyper.value;
  return std::nullopt;
}

std::string Optimizer::hyper_fault(std::string_view name) const {
  const bool scheduled = schedule_ && (name == rate_name || name == "lr");
  return scheduled ? "the schedule " + std::string(schedule_->class_name()) + " decides it" : "";
}

void Optimizer::refuse_hyper(std::string_view name, double found, const std::string& expected,
                             const std::string& cure) const {
  throw Error(ErrorKind::Model,
              {"KAIROS-M024", "optimizer " + std::string(class_name()),
               "\"" + std::string(name) + "\" cannot be set", brief_json(found), expected, cure});
}

bool Optimizer::set_hyper(std::string_view name, double value) {
  const auto require = [&](NumberRange range) {
    if (std::isfinite(value) && value >= range.least && value <= range.most) return;
    refuse_hyper(name, value, range_text("a number", range),
                 "Change the options of the callback that sets it, or remove the callback");
  };
  if (name == rate_name || name == "lr") {
    if (schedule_)
      throw Error(ErrorKind::Model,
                  {"KAIROS-M025", "optimizer " + std::string(class_name()), "\"learning_rate\" cannot be set",
                   hyper_fault(name), "an optimizer whose learning rate is a number",
                   "Remove the callback or the schedule"});
    require(rate_range);
    learning_rate_ = static_cast<float>(value);
    return true;
  }
  if (name == "weight_decay" && weight_decay_) {
    require(rate_range);
    weight_decay_ = value;
    return true;
  }
  for (Hyper& hyper : hypers_)
    if (hyper.name == name) {
      require(hyper.range);
      check_hyper(name, value);
      hyper.value = value;
      return true;
    }
  return false;
}

std::span<const TensorRef> Optimizer::slots() {
  adopt_count();
  if (iterations_mirror_ == published_count_)
    iterations_mirror_ = published_count_ = static_cast<float>(iterations_);
  if (is_rate(learning_rate_)) published_rate_ = learning_rate_;
  return slot_refs_;
}

void Optimizer::adopt_count() {
  // A value that was only read back must not replace the exact count: float32 has no odd numbers above 2^24.
  const bool is_count = iterations_mirror_ >= 0 && iterations_mirror_ <= largest_count;
  if (iterations_mirror_ == published_count_ || !is_count) return;
  iterations_ = std::llround(iterations_mirror_);
  published_count_ = iterations_mirror_;
}

void Optimizer::slots_written() {
  adopt_count();
  if (iterations_mirror_ != published_count_) {
    const float found = std::exchange(iterations_mirror_, published_count_);
    throw Error(ErrorKind::Model,
                {"KAIROS-M110", "optimizer " + std::string(class_name()), "\"iteration\" cannot be set",
                 brief_json(found), "a number of steps from 0", "Fix the callback that writes it"});
  }
  if (!is_rate(learning_rate_))
    refuse_hyper(rate_name, static_cast<double>(std::exchange(learning_rate_, published_rate_)),
                 range_text("a number", rate_range), "Fix the callback that writes it");
}

nlohmann::json Optimizer::json() const {
  const auto limit = [this](Clip kind) {
    return clip_ == kind ? nlohmann::json(clip_limit_) : nlohmann::json(nullptr);
  };
  nlohmann::json config{
      {"name", instance_name()},
      {"learning_rate", schedule_ ? schedule_->json() : nlohmann::json(static_cast<double>(learning_rate_))},
      {"weight_decay", weight_decay_ ? nlohmann::json(*weight_decay_) : nlohmann::json(nullptr)},
      {"clipnorm", limit(Clip::Norm)},
      {"global_clipnorm", limit(Clip::GlobalNorm)},
      {"clipvalue", limit(Clip::Value)},
      {"use_ema", averages_},
      {"ema_momentum", average_momentum_},
      {"ema_overwrite_frequency",
       overwrite_frequency_ ? nlohmann::json(*overwrite_frequency_) : nlohmann::json(nullptr)},
      {"loss_scale_factor",
       loss_scale_factor_ ? nlohmann::json(*loss_scale_factor_) : nlohmann::json(nullptr)},
      {"gradient_accumulation_steps",
       accumulation_steps_ > 1 ? nlohmann::json(accumulation_steps_) : nlohmann::json(nullptr)},
  };
  for (const Hyper& hyper : hypers_) config[std::string(hyper.name)] = hyper.value;
  write_config(config);
  return {{"class_name", class_name()}, {"config", std::move(config)}};
}

}  // namespace kairos::host
