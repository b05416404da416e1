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
    sequences_ = recurrent_[0]->return_sequences();
    // As in Keras, regardless of the layers' own settings.
    for (RecurrentLayer* const one : recurrent_) one->set_zero_output_for_mask(sequences_);
  }

  void use_memory_limit(MemoryLimit& limit) override {
    Layer::use_memory_limit(limit);
    for (const std::unique_ptr<Layer>& layer : inner_) layer->use_memory_limit(limit);
  }
  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    std::array<Shape, 2> shapes;
    for (std::size_t i = 0; i < 2; ++i) {
      if (!trainable()) inner_[i]->freeze();
      shapes[i] = inner_[i]->build(inputs, {context.engine, joined_key(context.key, i)});
      widths_[i] = shapes[i].back();
    }
    adopt_parameters(inner_);
    input_size_ = size_of(inputs.front());
    steps_ = sequences_ ? shapes[0].front() : 1;
    if (merge_ != Merge::Concat && widths_[0] != widths_[1])
      refuse_shape(shapes[1], "the same number of units in both layers for this merge_mode");
    if (merge_ == Merge::Concat) shapes[0].back() += widths_[1];
    return shapes[0];
  }

  void reserve(std::int64_t batch) override {
    for (std::size_t i = 0; i < 2; ++i) {
      inner_[i]->reserve(batch);
      outputs_[i].reserve(batch * steps_ * widths_[i]);
      gradients_[i].reserve(batch * steps_ * widths_[i]);
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
    for (std::size_t i = 0; i < 2; ++i)
      inner_[i]->forward(pass, {v.inputs, outputs_[i].data(), v.input_masks, nullptr});
    float* to = v.output;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (std::int64_t t = 0; t < steps_; ++t, to += width()) merge(a_at(row, t), b_at(row, t), to);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const float* from = g.output_gradient;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (std::int64_t t = 0; t < steps_; ++t, from += width()) split(row, t, from);
    float* const input_gradient = g.input_gradients.front();
    const std::array<float*, 2> into{input_gradient,
                                     input_gradient == nullptr ? nullptr : second_input_gradient_.data()};
    for (std::size_t i = 0; i < 2; ++i) {
      inner_[i]->add_output_penalty_gradient(pass.batch, inner_output(i, pass.batch), gradients_[i].data());
      inner_[i]->backward(
          pass, {g.inputs, outputs_[i].data(), gradients_[i].data(), std::span(&into[i], 1), g.input_masks});
    }
    if (input_gradient != nullptr) add_to(pass.batch * input_size_, into[1], input_gradient);
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
  [[nodiscard]] std::span<const float> inner_output(std::size_t i, std::int64_t batch) const {
    return {outputs_[i].data(), static_cast<std::size_t>(batch * steps_ * widths_[i])};
  }
  /// Offset of step `t` of the sequence in each output; the backward layer's output is in reverse order.
  [[nodiscard]] std::int64_t a_offset(std::int64_t row, std::int64_t t) const {
    return (row * steps_ + t) * widths_[0];
  }
  [[nodiscard]] std::int64_t b_offset(std::int64_t row, std::int64_t t) const {
    return (row * steps_ + steps_ - 1 - t) * widths_[1];
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
