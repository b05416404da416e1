// SPDX-License-Identifier: MIT
// Optimizers with Keras 3's formulas, arguments and state. A new one is a file in optimizers/ and a line in
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

class ByteReader;
class ByteWriter;
class LearningRateSchedule;

/// A trained weight and its prefix in slot names, such as "sequential_dense_kernel".
struct TrainedWeight {
  Parameter* parameter;
  std::string slot_prefix;
};

/// The state is `iteration`, `learning_rate`, then the slots, in the order of Keras' `optimizer.variables`.
/// With a schedule the learning rate is not state.
class Optimizer {
 public:
  virtual ~Optimizer();

  /// "SGD", "Adam"
  [[nodiscard]] virtual std::string_view class_name() const = 0;
  /// Keras' default instance name, which begins the names of slots.
  [[nodiscard]] virtual std::string_view instance_name() const = 0;

  /// To be called once, before the first step. The weights must not move. Throws Error(Model) for a
  /// constraint that does not fit its weight.
  void build(std::vector<TrainedWeight> weights);
  /// Factor of the learning rate of weight number `weight` of `build`, in its updates and its decay.
  void scale_rate(std::size_t weight, double factor) { rate_factors_[weight] = factor; }
  /// One update step with the gradients in the parameters, which are not changed. Frozen weights and their
  /// state stay as they are. With gradient_accumulation_steps, the weights change only in every so many
  /// calls, by the mean of their gradients; averages and constraints are applied in each.
  void step();
  /// To be called after the last step of a fit. With use_ema, the averages become the weights.
  void finish();

  /// With a schedule, "learning_rate" is the rate of the next step.
  [[nodiscard]] std::optional<double> hyper(std::string_view name) const;
  /// Why `set_hyper` would refuse every value, such as "the schedule CosineDecay decides it"; "" if it would
  /// not.
  [[nodiscard]] std::string hyper_fault(std::string_view name) const;
  /// False if there is no such hyperparameter. Throws Error(Model) for an invalid value.
  bool set_hyper(std::string_view name, double value);

  [[nodiscard]] std::int64_t iterations() const noexcept { return iterations_; }
  void set_iterations(std::int64_t iterations) noexcept { iterations_ = iterations; }

  /// Views of the state. `iteration` is a float32 copy, updated by this call. If it was written since the
  /// last call, it becomes the count instead.
  [[nodiscard]] std::span<const TensorRef> slots();
  /// To be called after writing to `slots()`. Throws Error(Model) for an invalid count or learning rate,
  /// after restoring it.
  void slots_written();

  /// The variables with the exact count, and the hyperparameters.
  void save_state(ByteWriter& out) const;
  /// What `save_state` wrote, as views of its bytes.
  struct State {
    std::int64_t iterations = 0;
    float learning_rate = 0;
    std::vector<double> hypers;
    std::optional<double> weight_decay;
    std::vector<std::string_view> slots;
  };
  /// Changes nothing. Throws Error(Model) for the state of another optimizer, or of other weights.
  [[nodiscard]] State read_state(ByteReader& in) const;
  void apply(const State& state);

  /// {"class_name", "config"} as in Keras' training_config.
  [[nodiscard]] nlohmann::json json() const;

 protected:
  /// A number that callbacks may change while training.
  struct Hyper {
    std::string_view name;
    double value;
    NumberRange range;
  };
  /// Slots are listed group by group, and weight by weight inside a group.
  struct SlotType {
    std::string_view name;
    int group;
    float initial;
  };

  Optimizer(ConfigReader& config, double default_learning_rate);

  /// For constructors; returns the index for `value`.
  std::size_t add_hyper(ConfigReader& config, std::string_view name, double fallback, NumberRange range);
  void add_slot_type(SlotType type) { slot_types_.push_back(type); }
  /// The shape of a weight's slot; none if the weight has no such slot. `type` counts the calls of
  /// add_slot_type.
  [[nodiscard]] virtual std::optional<Shape> slot_shape(std::size_t type, const Parameter& weight) const {
    (void)type;
    return weight.shape;
  }
  /// Adds a scalar of the whole optimizer, listed after the slots of the weights. `shared` is owned by the
  /// optimizer.
  void add_shared_slot(std::string_view name, float* shared) { shared_slots_.emplace_back(name, shared); }
  /// Used if the user set none.
  void set_default_weight_decay(double decay) {
    if (!weight_decay_) weight_decay_ = decay;
  }
  [[nodiscard]] double value(std::size_t hyper) const { return hypers_[hyper].value; }
  /// Of the weight that is updated; not for begin_step.
  [[nodiscard]] float learning_rate() const noexcept { return weight_rate_; }
  /// Steps that changed the weights: iterations() without those that only accumulated gradients.
  [[nodiscard]] std::int64_t updates() const noexcept { return iterations_ / accumulation_steps_; }
  /// Whether an update depends on all values of a weight. `update` is then called once per weight, on one
  /// thread, with all of it.
  [[nodiscard]] virtual bool needs_whole_weight() const { return false; }
  /// Room for as many values as the largest weight has, if needs_whole_weight().
  [[nodiscard]] float* scratch() const noexcept { return scratch_data_; }
  [[nodiscard]] const Parameter& weight(std::size_t weight) const { return *weights_[weight].parameter; }
  /// Some values of a weight, and their gradient.
  struct Part {
    std::size_t weight;
    std::int64_t first;  ///< in the weight
    std::int64_t n;
    const float* gradient;
    float* values;
  };
  /// The same values of a slot; `type` counts the calls of add_slot_type.
  [[nodiscard]] float* slot(const Part& part, std::size_t type) const {
    return slot_data_[part.weight * slot_types_.size() + type] + part.first;
  }
  /// Throws Error(Model).
  [[noreturn]] void refuse_hyper(std::string_view name, double found, const std::string& expected,
                                 const std::string& cure) const;

  /// Called for all parts of a weight, on several threads at once; see needs_whole_weight.
  virtual void update(const Part& part) const = 0;
  /// Called before the updates of a step, to compute what all weights share.
  virtual void begin_step() {}
  virtual void check_hyper(std::string_view name, double value) const {
    (void)name;
    (void)value;
  }
  virtual void write_config(nlohmann::json& config) const { (void)config; }

 private:
  enum class Clip { None, Value, Norm, GlobalNorm };

  /// Takes over a count that was written to slots().
  void adopt_count();
  void read_clip(ConfigReader& config);
  void read_average(ConfigReader& config);
  void add_base_slots();
  void add_slots();
  /// Adds the gradients to the accumulators. True at the end of a group: they then hold its mean.
  bool accumulate();
  /// The gradient that a weight is updated with.
  [[nodiscard]] const float* gradient_of(std::size_t weight) const {
    return accumulation_steps_ > 1 ? accumulated_data_[weight] : weights_[weight].parameter->gradient.data();
  }
  [[nodiscard]] double global_norm() const;
  void update_weights();
  void update_weight(std::size_t weight, double global_norm);
  /// Calls `work(part)` for all parts of a weight, each of which fits into the cache, on several threads.
  template <typename Work>
  void each_part(std::size_t weight, const Work& work) const;
  /// Clips the gradient into `clipped` and decays the values; returns the part with the clipped gradient. A
  /// gradient that is clipped by a norm is multiplied by the limit and divided by `divisor`.
  [[nodiscard]] Part prepared(Part part, float divisor, float* clipped) const;
  void average_part(const Part& part) const;
  void average_weight(std::size_t weight) const;

  std::unique_ptr<LearningRateSchedule> schedule_;  ///< null if the rate is a number
  float learning_rate_;                             ///< of the current or the last step
  std::vector<Hyper> hypers_;
  std::optional<double> weight_decay_;
  Clip clip_ = Clip::None;
  double clip_limit_ = 0;
  bool averages_ = false;  ///< Keras' use_ema
  double average_momentum_ = 0.99;
  std::optional<std::int64_t> overwrite_frequency_;
  std::int64_t accumulation_steps_ = 1;      ///< Keras' gradient_accumulation_steps
  std::optional<double> loss_scale_factor_;  ///< kept for files: float32 needs no scaling
  std::int64_t iterations_ = 0;
  float iterations_mirror_ = 0;  ///< exposed by slots()
  float published_count_ = 0;    ///< the value that slots() wrote
  float published_rate_ = 0;     ///< the last valid rate exposed by slots()

  std::vector<TrainedWeight> weights_;
  std::vector<double> rate_factors_;  ///< one per weight
  float weight_rate_ = 0;             ///< of the weight that is updated
  std::vector<SlotType> slot_types_;
  std::vector<std::pair<std::string_view, float*>> shared_slots_;
  std::vector<FloatBuffer> slot_values_;  ///< weight by weight, with all types
  std::vector<float*> slot_data_;
  std::vector<TensorRef> slot_refs_;
  std::vector<FloatBuffer> average_values_;  ///< one per weight, or empty
  std::vector<float*> average_data_;
  std::vector<FloatBuffer> accumulated_values_;  ///< one per weight, or empty
  std::vector<float*> accumulated_data_;
  FloatBuffer clipped_, scratch_;  ///< of a whole weight
  float* scratch_data_ = nullptr;
  std::vector<std::optional<ConstraintKeeper>> constraints_;  ///< one per weight
};

/// Reads "adam", "SGD(learning_rate=0.1,momentum=0.9)",
/// "Adam(learning_rate=CosineDecay(0.1,decay_steps=1000))" or Keras JSON. Throws Error(Model).
[[nodiscard]] std::unique_ptr<Optimizer> make_optimizer(std::string_view text,
                                                        UnknownKeys* unknown = nullptr);

}  // namespace kairos::host
