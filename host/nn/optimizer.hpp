// SPDX-License-Identifier: MIT
// Optimizers: Keras 3's formulas, arguments and state. A new one is a file under optimizers/ and a line in
// its registry.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/host/array.hpp"
#include "nn/constraint.hpp"
#include "nn/keras/config_reader.hpp"
#include "nn/parameter.hpp"

namespace kairos::host {

class LearningRateSchedule;

/// A weight to be trained, and what it is called in the names of slots: "sequential_dense_kernel".
struct TrainedWeight {
  Parameter* parameter;
  std::string slot_prefix;
};

/// State is `iteration`, `learning_rate`, then the slots, in the order of Keras' `optimizer.variables`. Where
/// a schedule decides the learning rate, it is no state.
class Optimizer {
 public:
  virtual ~Optimizer();

  /// "SGD", "Adam"
  [[nodiscard]] virtual std::string_view class_name() const = 0;
  /// Keras' default name of an instance, which slots begin with.
  [[nodiscard]] virtual std::string_view instance_name() const = 0;

  /// Once, before the first step. The weights must stay where they are. Throws Error(Model) for a constraint
  /// that a weight cannot be held to.
  void build(std::vector<TrainedWeight> weights);
  /// One step with the gradients as they stand in the parameters, which it does not change.
  void step();
  /// After the last step of a fit: where the optimizer keeps averages of the weights, they become the
  /// weights.
  void finish();

  /// The learning rate is that of the next step.
  [[nodiscard]] std::optional<double> hyper(std::string_view name) const;
  /// Why `set_hyper` would refuse every value: "the schedule CosineDecay decides it"; "" if it would not.
  [[nodiscard]] std::string hyper_fault(std::string_view name) const;
  /// False if there is none of that name. Throws Error(Model) for a value that it cannot have.
  bool set_hyper(std::string_view name, double value);

  [[nodiscard]] std::int64_t iterations() const noexcept { return iterations_; }
  void set_iterations(std::int64_t iterations) noexcept { iterations_ = iterations; }

  /// Views of the state; `iteration` is a float32 copy that is brought up to date by this call, unless it was
  /// written since the last one: then it is the count.
  [[nodiscard]] std::span<const TensorRef> slots();
  /// After values behind `slots()` were written. Throws Error(Model) for a count or a learning rate that
  /// cannot be one; it has been put back.
  void slots_written();

  /// {"class_name", "config"} as in Keras' training_config.
  [[nodiscard]] nlohmann::json json() const;

 protected:
  /// A number that schedules may change while training.
  struct Hyper {
    std::string_view name;
    double value;
    NumberRange range;
  };
  /// Slots are laid out group by group; inside one, weight by weight.
  struct SlotType {
    std::string_view name;
    int group;
    float initial;
  };

  Optimizer(ConfigReader& config, double default_learning_rate);

  /// For constructors; returns the index for `value`.
  std::size_t add_hyper(ConfigReader& config, std::string_view name, double fallback, NumberRange range);
  void add_slot_type(SlotType type) { slot_types_.push_back(type); }
  /// A number of the whole optimizer behind the slots of the weights; `shared` belongs to the optimizer.
  void add_shared_slot(std::string_view name, float* shared) { shared_slots_.emplace_back(name, shared); }
  /// Where the user gave none.
  void set_default_weight_decay(double decay) {
    if (!weight_decay_) weight_decay_ = decay;
  }
  [[nodiscard]] double value(std::size_t hyper) const { return hypers_[hyper].value; }
  [[nodiscard]] float learning_rate() const noexcept { return learning_rate_; }
  /// Of the weight being updated, by the order of add_slot_type.
  [[nodiscard]] float* slot(std::size_t weight, std::size_t type) {
    return slot_data_[weight * slot_types_.size() + type];
  }
  /// "SGD": for messages.
  [[noreturn]] void refuse_hyper(std::string_view name, double found, const std::string& expected,
                                 const std::string& cure) const;

  virtual void update(std::size_t weight, std::int64_t n, const float* gradient, float* values) = 0;
  /// Before the updates of a step; for what is the same for all weights.
  virtual void begin_step() {}
  virtual void check_hyper(std::string_view name, double value) const {
    (void)name;
    (void)value;
  }
  virtual void write_config(nlohmann::json& config) const { (void)config; }

 private:
  enum class Clip { None, Value, Norm, GlobalNorm };

  /// Takes over a count that was written behind slots().
  void adopt_count();
  void read_clip(ConfigReader& config);
  void read_average(ConfigReader& config);
  /// Takes the weight as it stands into its average; in some steps the average takes the weight's place.
  void average(std::size_t weight, std::int64_t n, float* values);
  const float* clipped(const Parameter& parameter, double global_norm);

  std::unique_ptr<LearningRateSchedule> schedule_;  ///< null where the rate is a number
  float learning_rate_;                             ///< of the step being made, or the last one
  std::vector<Hyper> hypers_;
  std::optional<double> weight_decay_;
  Clip clip_ = Clip::None;
  double clip_limit_ = 0;
  bool averages_ = false;  ///< Keras' use_ema
  double average_momentum_ = 0.99;
  std::optional<std::int64_t> overwrite_frequency_;
  std::int64_t iterations_ = 0;
  float iterations_mirror_ = 0;  ///< behind slots()
  float published_count_ = 0;    ///< what slots() put there
  float published_rate_ = 0;     ///< the last rate behind slots() that can be one

  std::vector<TrainedWeight> weights_;
  std::vector<SlotType> slot_types_;
  std::vector<std::pair<std::string_view, float*>> shared_slots_;
  std::vector<FloatBuffer> slot_values_;  ///< weight by weight, all types
  std::vector<float*> slot_data_;
  std::vector<TensorRef> slot_refs_;
  FloatBuffer clip_scratch_;
  std::vector<FloatBuffer> average_values_;                   ///< one for each weight, or none
  std::vector<std::optional<ConstraintKeeper>> constraints_;  ///< one for each weight
};

/// "adam", "SGD(learning_rate=0.1,momentum=0.9)", "Adam(learning_rate=CosineDecay(0.1,decay_steps=1000))", or
/// Keras JSON. Throws Error(Model).
[[nodiscard]] std::unique_ptr<Optimizer> make_optimizer(std::string_view text,
                                                        UnknownKeys* unknown = nullptr);

}  // namespace kairos::host
