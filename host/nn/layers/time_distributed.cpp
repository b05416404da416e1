// SPDX-License-Identifier: MIT
// TimeDistributed: applies one layer to every timestep.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "kairos/host/error.hpp"
#include "nn/keras/inner_layer.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

/// The inner layer gets all timesteps of all samples as one batch, which is equivalent for layers that treat
/// each sample separately.
class TimeDistributedLayer final : public Layer {
 public:
  explicit TimeDistributedLayer(ConfigReader& config) : Layer(config, "TimeDistributed") {
    inner_.push_back(read_inner_layer(config, "layer"));
    if (inner_.front() == nullptr) config.bad_value("layer", "a layer");
    if (inner().class_name() == "BatchNormalization")
      throw Error(ErrorKind::Model, {"KAIROS-M004", config.where(),
                                     "a layer that depends on the whole batch is not supported here",
                                     inner().class_name(), "a layer that treats each sample separately",
                                     "Use it without TimeDistributed: it normalizes the last dimension"});
    if (inner().penalizes_output())
      throw Error(ErrorKind::Model, {"KAIROS-M004", config.where(),
                                     "the activity_regularizer of the inner layer is not supported",
                                     layer_noun(inner().name(), inner().class_name()), "",
                                     "Set it on the TimeDistributed layer: Keras 3 ignores it here"});
  }

  void use_memory_limit(MemoryLimit& limit) override {
    Layer::use_memory_limit(limit);
    for (const std::unique_ptr<Layer>& layer : inner_) layer->use_memory_limit(limit);
  }
  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (shape.size() < 2) refuse_shape(shape, "(timesteps, …) with at least one dimension per timestep");
    if (!trainable()) inner().freeze();
    steps_ = shape.front();
    step_size_ = size_of(shape) / steps_;
    const std::array<Shape, 1> step{Shape(shape.begin() + 1, shape.end())};
    Shape out = inner().build(step, context);
    if (!inner().output_parts().empty())
      refuse_shape(shape, "an inner layer with one output, without return_state");
    adopt_parameters(inner_);
    makes_mask_ = inner().mask_rule(false) == MaskRule::Make;
    mask_width_ = out.empty() ? 1 : out.front();
    out.insert(out.begin(), steps_);
    return out;
  }

  void reserve(std::int64_t batch) override {
    inner().reserve(batch * steps_);
    if (makes_mask_) unused_mask_.reserve(batch * steps_ * mask_width_);
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }
  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override {
    return groups_below("layer", *inner_.front());
  }

  [[nodiscard]] std::string input_fault(const float* sample) const override {
    for (std::int64_t t = 0; t < steps_; ++t)
      if (std::string fault = inner_.front()->input_fault(sample + t * step_size_); !fault.empty())
        return fault;
    return "";
  }

  [[nodiscard]] const Activation* last_activation() const override {
    return inner_.front()->last_activation();
  }
  [[nodiscard]] bool copies_values() const override { return inner_.front()->copies_values(); }
  bool keep_logits() override { return inner().keep_logits(); }
  [[nodiscard]] const float* logits(std::span<const float* const> inputs) const override {
    return inner_.front()->logits(inputs);
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const std::array<Mask, 1> none{nullptr};
    inner().forward(folded(pass), {v.inputs, v.output, none, makes_mask_ ? unused_mask_.data() : nullptr});
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const std::array<Mask, 1> none{nullptr};
    inner().backward(folded(pass),
                     {g.inputs, g.output, g.output_gradient, g.input_gradients, none, g.logits_gradient});
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["layer"] = inner_layer_json(*inner_.front());
  }

 private:
  [[nodiscard]] Layer& inner() { return *inner_.front(); }
  [[nodiscard]] GraphPass folded(GraphPass pass) const {
    pass.batch *= steps_;
    return pass;
  }

  std::vector<std::unique_ptr<Layer>> inner_;  ///< exactly one
  std::int64_t steps_ = 0;
  std::int64_t step_size_ = 0;
  std::int64_t mask_width_ = 0;
  bool makes_mask_ = false;
  FloatBuffer unused_mask_;  ///< Keras ignores the mask of an inner layer
};

}  // namespace

LayerType time_distributed_layer_type() {
  return {
      "TimeDistributed", "timedistributed", {"layer"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
        return std::make_unique<TimeDistributedLayer>(config);
      }};
}

}  // namespace kairos::host
