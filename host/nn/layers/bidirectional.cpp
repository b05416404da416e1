// SPDX-License-Identifier: MIT
// Bidirectional: a recurrent layer, and another that reads the sequence backwards.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "compute/random.hpp"
#include "compute/vector.hpp"
#include "kairos/host/error.hpp"
#include "nn/keras/inner_layer.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/recurrent_layer.hpp"

namespace kairos::host {

namespace {

enum class Merge { Concat, Sum, Mul, Ave };
constexpr std::array<const char*, 4> merge_names{"concat", "sum", "mul", "ave"};

Merge read_merge(ConfigReader& config) {
  if (config.is_null("merge_mode"))
    config.bad_value("merge_mode", "concat, sum, mul or ave; a list of outputs is not supported");
  const nlohmann::json* const value = config.take("merge_mode");
  if (value == nullptr) return Merge::Concat;
  for (std::size_t i = 0; i < merge_names.size(); ++i)
    if (*value == merge_names[i]) return static_cast<Merge>(i);
  config.bad_value("merge_mode", "concat, sum, mul or ave");
}

std::string prefixed(const std::string& prefix, const std::string& name) {
  return name.starts_with(prefix) ? name : prefix + name;
}

enum class Order { Forward, Backward };

/// The configuration of an inner layer with its new name; the backward one gets go_backwards.
nlohmann::json derived(const nlohmann::json& layer, Order order) {
  nlohmann::json copy = layer;
  if (!copy.is_object() || !copy.contains("config") || !copy["config"].is_object()) return copy;
  nlohmann::json& config = copy["config"];
  if (config.contains("name") && config["name"].is_string())
    config["name"] =
        prefixed(order == Order::Forward ? "forward_" : "backward_", config["name"].get<std::string>());
  if (order == Order::Backward) config["go_backwards"] = true;
  return copy;
}

class BidirectionalLayer final : public Layer {
 public:
  explicit BidirectionalLayer(ConfigReader& config)
      : Layer(config, "Bidirectional"), merge_(read_merge(config)) {
    const nlohmann::json* const layer = config.take("layer");
    if (layer == nullptr) config.bad_value("layer", "a recurrent layer");
    const nlohmann::json* const backward = config.take("backward_layer");
    const nlohmann::json both{
        {"layer", derived(*layer, Order::Forward)},
        {"backward_layer", backward != nullptr ? *backward : derived(*layer, Order::Backward)}};
    ConfigReader reader(both, config.where(), config.inside("layer", "Bidirectional"));
    for (const char* key : {"layer", "backward_layer"}) {
      inner_.push_back(read_inner_layer(reader, key));
      recurrent_.push_back(dynamic_cast<RecurrentLayer*>(inner_.back().get()));
      if (recurrent_.back() == nullptr) reader.bad_value(key, "SimpleRNN, LSTM or GRU");
    }
    if (recurrent_[0]->go_backwards() == recurrent_[1]->go_backwards())
      reader.bad_value("backward_layer", "the opposite of the forward layer's go_backwards");
    if (recurrent_[0]->return_sequences() != recurrent_[1]->return_sequences())
      reader.bad_value("backward_layer", "the return_sequences of the forward layer");
    if (recurrent_[0]->return_state() != recurrent_[1]->return_state())
      reader.bad_value("backward_layer", "the return_state of the forward layer");
    sequences_ = recurrent_[0]->return_sequences();
    // As in Keras, regardless of the layers' own settings.
    for (RecurrentLayer* const one : recurrent_) one->set_zero_output_for_mask(sequences_);
  }

  void use_memory_limit(MemoryLimit& limit) override {
    Layer::use_memory_limit(limit);
    for (const std::unique_ptr<Layer>& layer : inner_) layer->use_memory_limit(limit);
  }
  /// The inputs are the sequence and, if there are more, the initial states of the forward layer, then those
  /// of the backward layer.
  [[nodiscard]] bool takes_several_inputs() const override { return true; }
  void set_call(const CallArguments& call) override {
    for (const std::unique_ptr<Layer>& layer : inner_) layer->set_call(call);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    if (inputs.front().size() != 2) refuse_shape(inputs.front(), "(timesteps, features)");
    if (inputs.size() % 2 == 0 || inputs.size() > 5)
      refuse_shape(inputs.back(), "as many initial states for each direction");
    for (std::size_t i = 0; i < 2; ++i) {
      if (!trainable()) inner_[i]->freeze();
      Few<Shape> own = of_direction<Shape>(inputs, i);
      const Shape shape = inner_[i]->build(own.all(), {context.engine, joined_key(context.key, i)});
      widths_[i] = recurrent_[i]->units();
      sizes_[i] = size_of(shape);
    }
    adopt_parameters(inner_);
    input_size_ = size_of(inputs.front());
    steps_ = sequences_ ? inputs.front().front() : 1;
    if (merge_ != Merge::Concat && widths_[0] != widths_[1])
      refuse_shape({steps_, widths_[1]}, "the same number of units in both layers for this merge_mode");
    if (recurrent_[0]->return_state()) return {output_size()};
    return sequences_ ? Shape{steps_, width()} : Shape{width()};
  }

  /// With return_state: the merged output, and the states of the forward and of the backward layer.
  [[nodiscard]] std::vector<Shape> output_parts() const override {
    if (!recurrent_[0]->return_state()) return {};
    std::vector<Shape> parts{sequences_ ? Shape{steps_, width()} : Shape{width()}};
    for (const RecurrentLayer* const one : recurrent_)
      parts.insert(parts.end(), static_cast<std::size_t>(one->state_count()), Shape{one->units()});
    return parts;
  }

  void reserve(std::int64_t batch) override {
    for (std::size_t i = 0; i < 2; ++i) {
      inner_[i]->reserve(batch);
      outputs_[i].reserve(batch * sizes_[i]);
      gradients_[i].reserve(batch * sizes_[i]);
    }
    second_input_gradient_.reserve(batch * input_size_);
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override {
    return sequences_ ? MaskRule::Pass : MaskRule::Stop;
  }

  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override {
    std::vector<WeightGroup> groups = groups_below("forward_layer", *inner_[0]);
    for (WeightGroup& group : groups_below("backward_layer", *inner_[1])) groups.push_back(std::move(group));
    return groups;
  }

  [[nodiscard]] bool penalizes_output() const override {
    return Layer::penalizes_output() || inner_[0]->penalizes_output() || inner_[1]->penalizes_output();
  }
  [[nodiscard]] double output_penalty(std::int64_t batch, std::span<const float> output) const override {
    return Layer::output_penalty(batch, output) + inner_[0]->output_penalty(batch, inner_output(0, batch)) +
           inner_[1]->output_penalty(batch, inner_output(1, batch));
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    for (std::size_t i = 0; i < 2; ++i) {
      Few<const float*> inputs = of_direction<const float*>(v.inputs, i);
      Few<Mask> masks = of_direction<Mask>(v.input_masks, i);
      inner_[i]->forward(pass, {inputs.all(), outputs_[i].data(), masks.all(), nullptr});
    }
    for (std::int64_t row = 0; row < pass.batch; ++row) {
      float* to = v.output + row * output_size();
      for (std::int64_t t = 0; t < steps_; ++t, to += width()) merge(a_at(row, t), b_at(row, t), to);
      for (std::size_t i = 0; i < 2; ++i)
        to = std::copy_n(outputs_[i].data() + row * sizes_[i] + steps_ * widths_[i], state_size(i), to);
    }
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    for (std::int64_t row = 0; row < pass.batch; ++row) {
      const float* from = g.output_gradient + row * output_size();
      for (std::int64_t t = 0; t < steps_; ++t, from += width()) split(row, t, from);
      for (std::size_t i = 0; i < 2; ++i) {
        std::copy_n(from, state_size(i), gradients_[i].data() + row * sizes_[i] + steps_ * widths_[i]);
        from += state_size(i);
      }
    }
    for (std::size_t i = 0; i < 2; ++i) {
      Few<const float*> inputs = of_direction<const float*>(g.inputs, i);
      Few<Mask> masks = of_direction<Mask>(g.input_masks, i);
      Few<float*> into = of_direction<float*>(g.input_gradients, i);
      if (i == 1 && into.values.front() != nullptr) into.values.front() = second_input_gradient_.data();
      inner_[i]->add_output_penalty_gradient(pass.batch, inner_output(i, pass.batch), gradients_[i].data());
      inner_[i]->backward(pass,
                          {inputs.all(), outputs_[i].data(), gradients_[i].data(), into.all(), masks.all()});
    }
    if (g.input_gradients.front() != nullptr)
      add_to(pass.batch * input_size_, second_input_gradient_.data(), g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["merge_mode"] = merge_names[static_cast<std::size_t>(merge_)];
    config["layer"] = inner_layer_json(*inner_[0]);
    config["backward_layer"] = inner_layer_json(*inner_[1]);
  }

 private:
  [[nodiscard]] std::int64_t width() const {
    return merge_ == Merge::Concat ? widths_[0] + widths_[1] : widths_[0];
  }
  /// A sequence and at most two states.
  template <typename Value>
  struct Few {
    std::array<Value, 3> values{};
    std::size_t count = 0;

    [[nodiscard]] std::span<Value> all() { return std::span(values).first(count); }
  };
  /// The first of the values, which belongs to the sequence, and those of the initial states of direction
  /// `i`.
  template <typename Value>
  [[nodiscard]] static Few<Value> of_direction(std::span<const Value> values, std::size_t i) {
    Few<Value> own;
    own.values[own.count++] = values.front();
    const std::size_t states = (values.size() - 1) / 2;
    for (std::size_t k = 0; k < states; ++k) own.values[own.count++] = values[1 + i * states + k];
    return own;
  }
  [[nodiscard]] std::int64_t state_size(std::size_t i) const { return sizes_[i] - steps_ * widths_[i]; }
  [[nodiscard]] std::int64_t output_size() const { return steps_ * width() + state_size(0) + state_size(1); }
  [[nodiscard]] std::span<const float> inner_output(std::size_t i, std::int64_t batch) const {
    return {outputs_[i].data(), static_cast<std::size_t>(batch * sizes_[i])};
  }
  /// Offset of step `t` of the sequence in each output; the backward layer's output is in reverse order.
  [[nodiscard]] std::int64_t a_offset(std::int64_t row, std::int64_t t) const {
    return row * sizes_[0] + t * widths_[0];
  }
  [[nodiscard]] std::int64_t b_offset(std::int64_t row, std::int64_t t) const {
    return row * sizes_[1] + (steps_ - 1 - t) * widths_[1];
  }
  [[nodiscard]] const float* a_at(std::int64_t row, std::int64_t t) const {
    return outputs_[0].data() + a_offset(row, t);
  }
  [[nodiscard]] const float* b_at(std::int64_t row, std::int64_t t) const {
    return outputs_[1].data() + b_offset(row, t);
  }

  void merge(const float* a, const float* b, float* to) const {
    const std::int64_t n = widths_[0];
    switch (merge_) {
      case Merge::Concat:
        std::copy_n(a, n, to);
        std::copy_n(b, widths_[1], to + n);
        break;
      case Merge::Sum:
        for (std::int64_t k = 0; k < n; ++k) to[k] = a[k] + b[k];
        break;
      case Merge::Mul:
        for (std::int64_t k = 0; k < n; ++k) to[k] = a[k] * b[k];
        break;
      case Merge::Ave:
        for (std::int64_t k = 0; k < n; ++k) to[k] = (a[k] + b[k]) / 2;
        break;
    }
  }

  void split(std::int64_t row, std::int64_t t, const float* from) {
    const std::int64_t n = widths_[0];
    float* const da = gradients_[0].data() + a_offset(row, t);
    float* const db = gradients_[1].data() + b_offset(row, t);
    const float *a = a_at(row, t), *b = b_at(row, t);
    if (merge_ == Merge::Concat) {
      std::copy_n(from, n, da);
      std::copy_n(from + n, widths_[1], db);
      return;
    }
    const float share = merge_ == Merge::Ave ? 0.5F : 1.0F;
    for (std::int64_t k = 0; k < n; ++k) {
      da[k] = merge_ == Merge::Mul ? from[k] * b[k] : from[k] * share;
      db[k] = merge_ == Merge::Mul ? from[k] * a[k] : from[k] * share;
    }
  }

  Merge merge_;
  std::vector<std::unique_ptr<Layer>> inner_;  ///< forward, backward
  std::vector<RecurrentLayer*> recurrent_;     ///< the same
  bool sequences_ = false;
  std::array<std::int64_t, 2> widths_{};
  std::array<std::int64_t, 2> sizes_{};  ///< values of a sample's output of each layer, with its states
  std::int64_t steps_ = 0;
  std::int64_t input_size_ = 0;
  std::array<FloatBuffer, 2> outputs_, gradients_;
  FloatBuffer second_input_gradient_;
};

}  // namespace

LayerType bidirectional_layer_type() {
  return {"Bidirectional",
          "bidirectional",
          {"layer", "merge_mode"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<BidirectionalLayer>(config);
          }};
}

}  // namespace kairos::host
