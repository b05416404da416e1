// SPDX-License-Identifier: MIT
// What a layer is to the graph. A new kind of layer is a file under layers/ and a line in layer_registry.cpp.
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
#include "nn/keras/config_reader.hpp"
#include "nn/memory_limit.hpp"
#include "nn/parameter.hpp"

namespace kairos::host {

struct Activation;

enum class Mode { Train, Infer };

/// One walk through the graph.
struct GraphPass {
  std::int64_t batch;  ///< samples
  Mode mode;
  /// Optimizer steps made before; what is drawn at random depends on it and on nothing else, so a run that is
  /// resumed draws what the uninterrupted one would have.
  std::uint64_t step;
};

struct BuildContext {
  ComputeEngine& engine;
  std::uint64_t key;  ///< of all that is random in this layer
  Precision precision = Precision::Float32;
};

/// Which timesteps of a value count: [batch, steps] of 1 and 0. Null: all of them.
using Mask = const float*;

/// What becomes of the masks of a layer's inputs.
enum class MaskRule {
  Stop,  ///< the output has none
  Pass,  ///< the output has that of the first input
  Make,  ///< the layer writes one in `forward`, from its inputs or their masks
};

/// What `Layer::forward` reads and writes.
struct LayerValues {
  std::span<const float* const> inputs;
  float* output;
  std::span<const Mask> input_masks;
  float* output_mask;  ///< [batch, first dimension of the output]; null unless the rule is Make
};

/// What `Layer::backward` reads and writes.
struct LayerGradients {
  std::span<const float* const> inputs;
  const float* output;
  float* output_gradient;                   ///< may be overwritten; null only beside logits_gradient
  std::span<float* const> input_gradients;  ///< null where nobody asks for it
  std::span<const Mask> input_masks;
  /// For a layer that keeps its logits: what comes on top of output_gradient, before the activation. May be
  /// overwritten; null for none.
  float* logits_gradient = nullptr;
};

/// Arrays are [batch, shape…], row-major. Shapes are without the batch.
class Layer {
 public:
  /// Takes what all layers have (name, trainable, dtype, activity_regularizer) from `config`; `class_name` is
  /// Keras'.
  Layer(ConfigReader& config, std::string class_name);
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& class_name() const noexcept { return class_name_; }
  [[nodiscard]] bool trainable() const noexcept { return trainable_; }
  /// For a model that is not trainable as a whole; before `build`.
  void freeze() noexcept { trainable_ = false; }
  [[nodiscard]] std::span<Parameter> parameters() noexcept {
    return lent_.empty() ? std::span<Parameter>(parameters_) : lent_;
  }
  /// How Keras 3's weights files group the parameters, which are all in a group or all in none.
  [[nodiscard]] virtual std::vector<WeightGroup> weight_groups() const { return {}; }
  /// After `build`: from now on the values of all parameters are those of `first`, a layer of the same kind
  /// and the same arguments that lives as long. Gradients stay apart. Throws Error(Model) if the shapes
  /// differ.
  virtual void share_weights(Layer& first);

  /// Whether `build` takes another number of inputs than one.
  [[nodiscard]] virtual bool takes_several_inputs() const { return false; }
  /// From here on parameters are made out of `budget`, which outlives `build`. A layer that holds others
  /// hands it on.
  virtual void draw_from(MemoryLimit& budget) { budget_ = &budget; }
  /// Makes the parameters and says what shape comes out. Throws Error(Model) for shapes that it cannot take.
  virtual Shape build(std::span<const Shape> inputs, const BuildContext& context) = 0;
  /// Makes room for a batch of that size, before the first pass of that size.
  virtual void reserve(std::int64_t batch) { (void)batch; }
  /// Asked for after `build`; `masked` says whether any input has a mask.
  [[nodiscard]] virtual MaskRule mask_rule(bool masked) const {
    (void)masked;
    return MaskRule::Stop;
  }
  /// What is wrong with one sample of the first input, for a layer that cannot take every number; "" if
  /// nothing is. Asked for before training where the data feed the layer directly.
  [[nodiscard]] virtual std::string input_fault(const float* sample) const {
    (void)sample;
    return "";
  }
  /// The function that the layer ends with, where the values that come out are its results; else null.
  [[nodiscard]] virtual const Activation* last_activation() const { return nullptr; }
  /// Whether the values come out as they go in, perhaps under another shape.
  [[nodiscard]] virtual bool copies_values() const { return false; }
  /// After `build` and before `reserve`: from now on the layer has `logits`, and `backward` takes a gradient
  /// of them. False, and nothing has changed, if the layer cannot do that.
  virtual bool keep_logits() { return false; }
  /// What last_activation() was applied to in the last `forward`, which had these inputs: [batch, shape…].
  [[nodiscard]] virtual const float* logits(std::span<const float* const> inputs) const {
    (void)inputs;
    return nullptr;
  }

  virtual void forward(const GraphPass& pass, const LayerValues& values) = 0;
  /// Follows a `forward` of the same pass. Fills gradients of trainable parameters, does not add to them.
  virtual void backward(const GraphPass& pass, const LayerGradients& gradients) = 0;

  /// Whether what comes out adds to the loss: activity_regularizer of the layer, or of one inside.
  [[nodiscard]] virtual bool penalizes_output() const { return !activity_regularizer_.none(); }
  /// What the output of the last `forward` adds to the loss: the penalty per sample, whatever a mask says.
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
  /// In place of what the configuration says.
  void regularize_activity(const Regularizer& regularizer) { activity_regularizer_ = regularizer; }
  /// With room for its values, and for its gradient if the layer is trained.
  Parameter& add_parameter(std::string name, Shape shape);
  /// Running means and the like: never trained. Behind all trained parameters, as Keras lists them.
  Parameter& add_state(std::string name, Shape shape);
  /// For a layer around others, once, after it has built them: their parameters become its own, with the
  /// names of the layers in front. The inner layers go on using them.
  void adopt_parameters(std::span<const std::unique_ptr<Layer>> inner);
  [[noreturn]] void refuse_shape(const Shape& found, const std::string& expected) const;

 private:
  Parameter& append(std::string name, Shape shape, Parameter::Kind kind);

  std::string name_;
  std::string class_name_;
  bool trainable_;
  Regularizer activity_regularizer_;
  std::vector<Parameter> parameters_;
  std::span<Parameter> lent_;      ///< of the layer around this one, if there is one
  MemoryLimit* budget_ = nullptr;  ///< borrowed from the graph that builds the layer
};

/// `layer "dense_1" (Dense)`
[[nodiscard]] std::string layer_noun(std::string_view name, std::string_view class_name);

/// Throws unless the dtype under that key is absent or float32, as a name or as a DTypePolicy.
void require_float32(ConfigReader& config, std::string_view key);
[[nodiscard]] nlohmann::json float32_policy_json();

}  // namespace kairos::host
