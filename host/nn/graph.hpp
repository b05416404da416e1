// SPDX-License-Identifier: MIT
// Layers and the values between them, in an order in which they can be computed.
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

/// Any number of named inputs and outputs; a value may feed several layers.
class Graph {
 public:
  using Value = std::size_t;

  /// `seed` fixes all that is random in the layers. Weights and their gradients are at most `most_values`,
  /// and so are the values between the layers for one batch; an architecture that asks for more is refused
  /// before it is allocated.
  explicit Graph(std::uint64_t seed, std::int64_t most_values = values_of_this_machine(),
                 Precision precision = Precision::Float32)
      : seed_(seed), budget_(most_values), precision_(precision) {}

  /// How a layer is called.
  struct CallOptions {
    std::optional<Mode> mode;  ///< in place of that of each pass
    /// A layer of the same kind that is in the graph: both are one layer, called twice. The weights are that
    /// one's, which gets the sum of both gradients.
    Layer* shares = nullptr;
  };

  /// `dtype` is what the architecture calls it; values come as float32 whatever it says.
  Value add_input(std::string name, Shape shape, std::string dtype = "float32");
  /// Builds the layer. `inputs` are values made before. Throws Error(Model) if the layer cannot take their
  /// shapes.
  Value add(std::unique_ptr<Layer> layer, std::vector<Value> inputs, const CallOptions& options);
  Value add(std::unique_ptr<Layer> layer, std::vector<Value> inputs) {
    return add(std::move(layer), std::move(inputs), CallOptions());
  }
  /// Any value, an input too, and one value more than once.
  void add_output(std::string name, Value value);
  /// Nothing is learnt from output `i`: it has no gradient.
  void ignore_output(std::size_t i) { output_values_[i].ignored = true; }

  /// From now on output `i` has `output_logits`, and its output_gradient is that of the logits. False, and
  /// nothing has changed, unless the output comes from `activation` over its last dimension. Before the first
  /// forward.
  bool learn_from_logits(std::size_t i, std::string_view activation);
  /// The function that output `i` comes from; null where that is not known.
  [[nodiscard]] const Activation* last_activation(std::size_t i) const;

  [[nodiscard]] const Shape& shape(Value value) const { return values_[value].shape; }

  [[nodiscard]] std::span<const Port> inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::string& input_dtype(std::size_t i) const noexcept { return input_dtypes_[i]; }
  [[nodiscard]] std::span<const Port> outputs() const noexcept { return outputs_; }
  /// In the order of computation; a layer that is called twice is there twice.
  [[nodiscard]] std::size_t layer_count() const noexcept { return nodes_.size(); }
  [[nodiscard]] Layer& layer(std::size_t i) const { return *nodes_[i].layer; }

  /// What the layers behind input `i` say against one sample of it; "" if nothing.
  [[nodiscard]] std::string input_fault(std::size_t i, const float* sample) const;

  /// `inputs` are borrowed until the next forward. Allocates only for a batch larger than any before.
  void forward(const GraphPass& pass, std::span<const float* const> inputs);
  [[nodiscard]] const float* output(std::size_t i) const { return values_[output_values_[i].value].data; }
  /// What the activation of output `i` was applied to; null unless the output learns from logits.
  [[nodiscard]] const float* output_logits(std::size_t i) const;
  /// Of the timesteps of output `i`; null if it has none.
  [[nodiscard]] Mask output_mask(std::size_t i) const { return mask_of(output_values_[i].value); }
  /// What the layers say against what came out of them in the last forward: part of the loss.
  [[nodiscard]] double output_penalties(std::int64_t batch) const;
  /// To be filled with d loss / d output, or d logits, before `backward`, unless the output is ignored.
  [[nodiscard]] float* output_gradient(std::size_t i) {
    Output& output = output_values_[i];
    if (output.again) return output.gradient.data();
    return output.logits_of ? values_[*output.logits_of].logits_gradient.data()
                            : values_[output.value].gradient.data();
  }
  /// Follows a forward of the same pass.
  void backward(const GraphPass& pass);

 private:
  struct ValueState {
    Shape shape;
    FloatBuffer storage;             ///< of a computed value
    const float* data = nullptr;     ///< storage, or the caller's array
    FloatBuffer mask;                ///< that a layer makes
    std::optional<Value> masked_as;  ///< the value whose mask this one has; itself if it owns one
    FloatBuffer gradient;
    bool wants_gradient = false;  ///< a parameter that is trained lies before it
    bool is_output = false;
    std::size_t uses = 0;         ///< as input of a layer
    bool has_gradient = false;    ///< in the current backward: something has been written
    FloatBuffer logits_gradient;  ///< of what the layer's activation is applied to
    bool has_logits_gradient = false;
  };
  struct Node {
    std::unique_ptr<Layer> layer;
    std::vector<Value> inputs;
    Value output = 0;
    CallOptions options;
    std::vector<const float*> input_data;  ///< scratch of the passes, sized once
    std::vector<Mask> input_masks;
    std::vector<float*> input_gradients;
  };
  struct Output {
    Value value = 0;
    bool again = false;  ///< another output has the same gradient
    bool ignored = false;
    std::optional<Value> logits_of;  ///< the value whose logits this output learns from
    FloatBuffer gradient;            ///< of an output that is there again
  };

  [[nodiscard]] Mask mask_of(Value value) const {
    const std::optional<Value>& source = values_[value].masked_as;
    return source ? values_[*source].mask.data() : nullptr;
  }
  void decide_mask(const Layer& layer, std::span<const Value> inputs, Value output);
  void check_size(const std::string& what, const Shape& shape) const;
  void check_batch(std::int64_t batch) const;
  [[nodiscard]] static GraphPass pass_of(const Node& node, GraphPass pass) {
    if (node.options.mode) pass.mode = *node.options.mode;
    return pass;
  }
  void reserve(std::int64_t batch);
  /// The node that makes the value; null for an input.
  [[nodiscard]] const Node* maker(Value value) const;
  /// The node that makes what output `i` is but for its shape; null for an input.
  [[nodiscard]] const Node* source(std::size_t i) const;
  /// Whether anything but the logits of a value gets a gradient.
  [[nodiscard]] bool needs_gradient(Value value) const;
  /// Where the gradient of an output is summed up.
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
  MemoryLimit budget_;
  Precision precision_;
  ComputeEngine engine_;  ///< before the layers that refer to it
  std::vector<ValueState> values_;
  std::vector<Node> nodes_;
  std::vector<Port> inputs_;
  std::vector<std::string> input_dtypes_;
  std::vector<Port> outputs_;
  std::vector<Value> input_values_;
  std::vector<Output> output_values_;
  /// By position among a layer's inputs: the second and later gradients of a value that feeds several layers.
  std::vector<FloatBuffer> scratch_;
  std::int64_t reserved_batch_ = 0;
};

}  // namespace kairos::host
