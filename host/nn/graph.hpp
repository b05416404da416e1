// SPDX-License-Identifier: MIT
// Layers and the values between them, in topological order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compute/engine.hpp"
#include "kairos/host/model.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// Has any number of named inputs and outputs. A value may feed several layers.
class Graph {
 public:
  using Value = std::size_t;

  /// `seed` determines everything random in the layers. `max_values` limits the weights with their gradients,
  /// and the values between the layers for one batch; an architecture that needs more is refused before
  /// anything is allocated.
  explicit Graph(std::uint64_t seed, std::int64_t max_values = values_of_this_machine(),
                 Precision precision = Precision::Float32)
      : seed_(seed), memory_limit_(max_values), precision_(precision) {}

  /// How a layer is called.
  struct CallOptions {
    /// An earlier layer of the same kind in the graph, of which this is another call. It owns the weights and
    /// gets the sum of both gradients.
    Layer* shares = nullptr;
  };

  /// `dtype` is the one in the architecture; values are always float32.
  Value add_input(std::string name, Shape shape, std::string dtype = "float32");
  /// Builds the layer on existing values. Throws Error(Model) if the layer does not accept their shapes.
  Value add(std::unique_ptr<Layer> layer, std::vector<Value> inputs, const CallOptions& options);
  Value add(std::unique_ptr<Layer> layer, std::vector<Value> inputs) {
    return add(std::move(layer), std::move(inputs), CallOptions());
  }
  /// Any value may be an output, also an input, and also more than once.
  void add_output(std::string name, Value value);
  /// Output `i` has no loss, and so no gradient.
  void ignore_output(std::size_t i) { output_values_[i].ignored = true; }

  /// If output `i` is the result of `activation` over its last dimension, output_logits(i) becomes available
  /// and output_gradient(i) is that of the logits from now on. Otherwise returns false and changes nothing.
  /// To be called before the first forward.
  bool learn_from_logits(std::size_t i, std::string_view activation);
  /// The activation that computes output `i`; null if unknown.
  [[nodiscard]] const Activation* last_activation(std::size_t i) const;

  [[nodiscard]] const Shape& shape(Value value) const { return values_[value].shape; }

  [[nodiscard]] std::span<const Port> inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::string& input_dtype(std::size_t i) const noexcept { return input_dtypes_[i]; }
  [[nodiscard]] std::span<const Port> outputs() const noexcept { return outputs_; }
  /// In the order of computation; a shared layer is listed once per call.
  [[nodiscard]] std::size_t layer_count() const noexcept { return nodes_.size(); }
  [[nodiscard]] Layer& layer(std::size_t i) const { return *nodes_[i].layer; }

  /// Why the layers fed by input `i` reject one of its samples; "" if they do not.
  [[nodiscard]] std::string input_fault(std::size_t i, const float* sample) const;

  /// Borrows `inputs` until the next forward. Allocates only for a batch larger than all before.
  void forward(const GraphPass& pass, std::span<const float* const> inputs);
  [[nodiscard]] const float* output(std::size_t i) const { return values_[output_values_[i].value].data; }
  /// The input of output `i`'s activation; null unless learn_from_logits(i) succeeded.
  [[nodiscard]] const float* output_logits(std::size_t i) const;
  /// The mask of output `i`'s timesteps; null if it has none.
  [[nodiscard]] Mask output_mask(std::size_t i) const {
    return mask_at(visible_mask(output_values_[i].value));
  }
  /// Whether output_mask(i) will have a value.
  [[nodiscard]] bool masks_output(std::size_t i) const {
    return visible_mask(output_values_[i].value).has_value();
  }
  /// Whether any layer penalizes its output.
  [[nodiscard]] bool penalizes_outputs() const;
  /// Makes the parameters of shared layers frozen as those of their first call.
  void share_frozen();
  /// The activity penalties of the last forward, which are part of the loss.
  [[nodiscard]] double output_penalties(std::int64_t batch) const;
  /// The caller fills it with d loss / d output, or d loss / d logits, before `backward`, unless the output
  /// is ignored.
  [[nodiscard]] float* output_gradient(std::size_t i) {
    Output& output = output_values_[i];
    if (output.is_duplicate) return output.gradient.data();
    return output.logits_of ? values_[*output.logits_of].logits_gradient.data()
                            : values_[output.value].gradient.data();
  }
  /// Must follow a forward of the same pass.
  void backward(const GraphPass& pass);

 private:
  struct ValueState {
    Shape shape;
    FloatBuffer storage;               ///< of a computed value
    const float* data = nullptr;       ///< storage, or the caller's array
    FloatBuffer mask;                  ///< written by a layer
    std::optional<Value> mask_source;  ///< the value whose mask applies; itself if it owns one
    bool hides_mask = false;           ///< a layer has taken the mask away from those after it
    FloatBuffer gradient;
    bool wants_gradient = false;  ///< depends on a trained parameter
    bool is_output = false;
    std::size_t uses = 0;         ///< as a layer's input
    bool has_gradient = false;    ///< something has been written in the current backward pass
    FloatBuffer logits_gradient;  ///< gradient of the input of the layer's activation
    bool has_logits_gradient = false;
  };
  struct Node {
    std::unique_ptr<Layer> layer;
    std::vector<Value> inputs;
    Value output = 0;
    CallOptions options;
    std::vector<std::optional<Value>> mask_sources;  ///< of the inputs, as this layer sees them
    std::vector<const float*> input_data;            ///< scratch for the passes, sized once
    std::vector<Mask> input_masks;
    std::vector<float*> input_gradients;
  };
  struct Output {
    Value value = 0;
    bool is_duplicate = false;  ///< an earlier output has the same value or logits
    bool ignored = false;
    std::optional<Value> logits_of;  ///< the value whose logits get the gradient
    FloatBuffer gradient;            ///< for a duplicate
  };

  [[nodiscard]] std::optional<Value> visible_mask(Value value) const {
    return values_[value].hides_mask ? std::nullopt : values_[value].mask_source;
  }
  [[nodiscard]] Mask mask_at(const std::optional<Value>& source) const {
    return source ? values_[*source].mask.data() : nullptr;
  }
  void decide_mask(const Layer& layer, std::span<const Value> inputs, Value output);
  void check_size(const std::string& what, const Shape& shape) const;
  void check_batch(std::int64_t batch) const;
  void reserve(std::int64_t batch);
  /// The node that computes the value; null for an input.
  [[nodiscard]] const Node* producer(Value value) const;
  /// The node that computes output `i`, apart from layers that only change its shape; null for an input.
  [[nodiscard]] const Node* source(std::size_t i) const;
  /// Whether the value itself, and not only its logits, gets a gradient.
  [[nodiscard]] bool needs_gradient(Value value) const;
  /// Where the gradients of an output are summed.
  struct GradientSum {
    FloatBuffer& buffer;
    bool& begun;
  };
  [[nodiscard]] GradientSum gradient_sum(const Output& output);
  void begin_backward(std::int64_t batch);
  [[nodiscard]] std::span<const float> output_of(const Node& node, std::int64_t batch) const;
  void add_output_penalty_gradient(const Node& node, std::int64_t batch);
  void backward(const GraphPass& pass, Node& node);
  void sum_shared_gradients();

  std::uint64_t seed_;
  MemoryLimit memory_limit_;
  Precision precision_;
  ComputeEngine engine_;  ///< declared before the layers that refer to it
  std::vector<ValueState> values_;
  std::vector<Node> nodes_;
  std::vector<Port> inputs_;
  std::vector<std::string> input_dtypes_;
  std::vector<Port> outputs_;
  std::vector<Value> input_values_;
  std::vector<Output> output_values_;
  /// By input index of a layer: holds the second and later gradients of a value that feeds several layers.
  std::vector<FloatBuffer> scratch_;
  std::int64_t reserved_batch_ = 0;
};

}  // namespace kairos::host
