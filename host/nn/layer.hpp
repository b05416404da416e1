// SPDX-License-Identifier: MIT
// The interface between layers and the graph. A new kind of layer is a file in layers/ and a line in
// layer_registry.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compute/engine.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/ranks.hpp"
#include "nn/keras/config_reader.hpp"
#include "nn/memory_limit.hpp"
#include "nn/parameter.hpp"

namespace kairos::host {

struct Activation;

/// Measure is Infer, but for layers with moving statistics, which measure them anew.
enum class Mode { Train, Infer, Measure };

/// One forward pass through the graph, and its backward pass.
struct GraphPass {
  std::int64_t batch;  ///< samples
  Mode mode;
  /// Training batches before this one since the model was made. Random draws depend on it and on nothing
  /// else, so a resumed run draws the same numbers as an uninterrupted one, and no two batches of a step draw
  /// alike.
  std::uint64_t batch_number;
  /// The other parts of the batch are on these ranks; null if there are none.
  Ranks* ranks = nullptr;
  bool is_spare = false;      ///< the part of this rank does not count
  bool synchronizes = false;  ///< BatchNormalization measures the parts of all ranks together
};

struct BuildContext {
  ComputeEngine& engine;
  std::uint64_t key;  ///< for everything random in this layer
  Precision precision = Precision::Float32;
};

/// Which timesteps of a value count: [batch, steps] of 1 and 0. Null: all count.
using Mask = const float*;

/// How the output's mask is derived from those of the inputs.
enum class MaskRule {
  Stop,  ///< the output has no mask
  Pass,  ///< the output has the mask of the first input
  Make,  ///< the layer writes the mask in `forward`
};

/// What the call of a layer passes to it besides its first input.
struct CallArguments {
  std::size_t inputs = 1;            ///< number of inputs
  std::vector<std::string> tensors;  ///< for each value after the inputs, the argument that it belongs to
  std::vector<std::string> flags;    ///< boolean arguments that are True
  bool masked = false;               ///< whether the call itself gives a mask
};

/// Arguments of `Layer::forward`.
struct LayerValues {
  std::span<const float* const> inputs;
  float* output;
  std::span<const Mask> input_masks;
  float* output_mask;  ///< [batch, first dimension of the output]; null unless the rule is Make
};

/// Arguments of `Layer::backward`.
struct LayerGradients {
  std::span<const float* const> inputs;
  const float* output;
  float* output_gradient;                   ///< may be overwritten; null only if logits_gradient is given
  std::span<float* const> input_gradients;  ///< null if not needed
  std::span<const Mask> input_masks;
  /// For a layer that keeps its logits: a gradient of the logits, to be added to that of output_gradient
  /// through the activation. May be overwritten; null for none.
  float* logits_gradient = nullptr;
};

/// Arrays are [batch, shape…], row-major. Shapes exclude the batch.
class Layer {
 public:
  /// Reads the common arguments (name, trainable, dtype, activity_regularizer). `class_name` is Keras'.
  Layer(ConfigReader& config, std::string class_name);
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& class_name() const noexcept { return class_name_; }
  [[nodiscard]] bool trainable() const noexcept { return trainable_; }
  /// Makes the layer untrainable, as part of a model that is not trainable. To be called before `build`.
  void freeze() noexcept { trainable_ = false; }
  [[nodiscard]] std::span<Parameter> parameters() noexcept {
    return external_parameters_.empty() ? std::span<Parameter>(parameters_) : external_parameters_;
  }
  /// The groups of parameters in Keras 3's weight files. Either all parameters are in groups or none is.
  [[nodiscard]] virtual std::vector<WeightGroup> weight_groups() const { return {}; }
  /// Makes all parameters refer to the values of `first`, a layer with the same class and arguments that
  /// lives as long. Gradients stay separate. To be called after `build`. Throws Error(Model) if shapes
  /// differ.
  virtual void share_weights(Layer& first);

  /// How the layer is called; to be called before `build`. Arguments are those of Keras' `call`.
  virtual void set_call(const CallArguments& call) { (void)call; }
  /// Whether `build` accepts more than one input.
  [[nodiscard]] virtual bool takes_several_inputs() const { return false; }
  /// Counts parameters against `limit`, which must outlive `build`. A layer with inner layers forwards it.
  virtual void use_memory_limit(MemoryLimit& limit) { memory_limit_ = &limit; }
  /// Creates the parameters and returns the output shape. Throws Error(Model) for unsupported shapes.
  virtual Shape build(std::span<const Shape> inputs, const BuildContext& context) = 0;
  /// The shapes of the outputs if there are several; `build` then returns one dimension, in which the values
  /// of each sample's outputs follow each other. To be called after `build`.
  [[nodiscard]] virtual std::vector<Shape> output_parts() const { return {}; }
  /// Allocates for a batch of that size; called before the first pass of that size.
  virtual void reserve(std::int64_t batch) { (void)batch; }
  /// Called after `build`; `masked` says whether any input has a mask.
  [[nodiscard]] virtual MaskRule mask_rule(bool masked) const {
    (void)masked;
    return MaskRule::Stop;
  }
  /// Whether the layers after it no longer see the masks of its inputs.
  [[nodiscard]] virtual bool takes_masks_away() const { return false; }
  /// Why one sample of the first input is invalid; "" if it is valid. Called before training for layers that
  /// are fed by the data directly.
  [[nodiscard]] virtual std::string input_fault(const float* sample) const {
    (void)sample;
    return "";
  }
  /// The activation whose results are the layer's output values; null if there is none.
  [[nodiscard]] virtual const Activation* last_activation() const { return nullptr; }
  /// Whether the output values equal the input values, possibly with another shape.
  [[nodiscard]] virtual bool copies_values() const { return false; }
  /// Makes `logits` available and lets `backward` take their gradient. Returns false and changes nothing if
  /// the layer does not support this. To be called between `build` and `reserve`.
  virtual bool keep_logits() { return false; }
  /// The input of last_activation() in the last `forward`, which had these inputs: [batch, shape…].
  [[nodiscard]] virtual const float* logits(std::span<const float* const> inputs) const {
    (void)inputs;
    return nullptr;
  }

  /// The next pass in Mode::Measure is the first one.
  virtual void begin_statistics() {}
  virtual void forward(const GraphPass& pass, const LayerValues& values) = 0;
  /// Must follow a `forward` of the same pass. Overwrites the gradients of trainable parameters.
  virtual void backward(const GraphPass& pass, const LayerGradients& gradients) = 0;

  /// Whether the layer, or an inner layer, has an activity_regularizer.
  [[nodiscard]] virtual bool penalizes_output() const { return !activity_regularizer_.none(); }
  /// The penalty on the output of the last `forward`: the mean over the samples, regardless of masks.
  [[nodiscard]] virtual double output_penalty(std::int64_t batch, std::span<const float> output) const {
    return activity_regularizer_.per_sample(batch).penalty(std::ssize(output), output.data());
  }
  /// Adds the gradient of the layer's own penalty.
  void add_output_penalty_gradient(std::int64_t batch, std::span<const float> output, float* gradient) const {
    activity_regularizer_.per_sample(batch).add_gradient(std::ssize(output), output.data(), gradient);
  }

  /// Keras 3's "config".
  [[nodiscard]] nlohmann::json config() const;

 protected:
  virtual void write_config(nlohmann::json& config) const = 0;
  [[nodiscard]] const Regularizer& activity_regularizer() const noexcept { return activity_regularizer_; }
  /// Replaces the configured activity_regularizer.
  void regularize_activity(const Regularizer& regularizer) { activity_regularizer_ = regularizer; }
  /// Allocates the values, and the gradient if the layer is trainable.
  Parameter& add_parameter(std::string name, Shape shape);
  /// Adds state that is not trained, such as running means. To be called after all weights, as Keras lists
  /// them.
  Parameter& add_state(std::string name, Shape shape);
  /// For a wrapper layer, once, after building its inner layers: takes their parameters over, with the
  /// layers' names as prefixes. The inner layers continue to use them.
  void adopt_parameters(std::span<const std::unique_ptr<Layer>> inner);
  [[noreturn]] void refuse_shape(const Shape& found, const std::string& expected) const;

 private:
  Parameter& append(std::string name, Shape shape, Parameter::Kind kind);

  std::string name_;
  std::string class_name_;
  bool trainable_;
  Regularizer activity_regularizer_;
  std::vector<Parameter> parameters_;
  std::span<Parameter> external_parameters_;  ///< owned by the layer around this one, if there is one
  MemoryLimit* memory_limit_ = nullptr;       ///< borrowed from the graph that builds the layer
};

/// `layer "dense_1" (Dense)`
[[nodiscard]] std::string layer_noun(std::string_view name, std::string_view class_name);

}  // namespace kairos::host
