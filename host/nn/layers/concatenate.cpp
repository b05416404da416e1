// SPDX-License-Identifier: MIT
// Concatenate: inputs that differ in one dimension at most, one behind the other along it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/merge_masks.hpp"

namespace kairos::host {

namespace {

class ConcatenateLayer final : public Layer {
 public:
  explicit ConcatenateLayer(ConfigReader& config) : Layer(config, "Concatenate") {
    if (const auto axis = config.optional_integer("axis", {-8, 8})) axis_ = *axis;
    if (axis_ == 0) config.bad_value("axis", "an axis behind the batch");
  }

  [[nodiscard]] bool takes_several_inputs() const override { return true; }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    Shape output = inputs.front();
    const auto rank = static_cast<std::int64_t>(output.size());
    const std::int64_t dimension = axis_ < 0 ? rank + axis_ : axis_ - 1;
    if (dimension < 0 || dimension >= rank)
      refuse_shape(output, "an input that has axis " + std::to_string(axis_));
    along_ = static_cast<std::size_t>(dimension);
    std::int64_t total = 0;
    for (const Shape& shape : inputs) {
      Shape alike = shape;
      if (alike.size() == output.size()) alike[along_] = output[along_];
      if (alike != output) refuse_shape(shape, "the shape of the first input in all other dimensions");
      total += shape[along_];
      run_.push_back(size_of(shape));
      steps_.push_back(shape.front());
    }
    output[along_] = total;
    runs_ = 1;
    for (std::size_t i = 0; i < along_; ++i) runs_ *= output[i];
    for (std::int64_t& run : run_) run /= runs_;
    output_run_ = size_of(output) / runs_;
    output_steps_ = output.front();
    has_steps_ = rank > 1;
    return output;
  }

  [[nodiscard]] MaskRule mask_rule(bool masked) const override {
    return masked && has_steps_ ? MaskRule::Make : MaskRule::Stop;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < v.inputs.size(); ++i) {
      for (std::int64_t r = 0; r < pass.batch * runs_; ++r)
        std::copy_n(v.inputs[i] + r * run_[i], run_[i], v.output + r * output_run_ + offset);
      offset += run_[i];
    }
    if (v.output_mask == nullptr) return;
    const auto merge = along_ == 0 ? append_masks : unite_masks;
    merge(pass.batch, v.input_masks, steps_, output_steps_, v.output_mask);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < g.inputs.size(); ++i) {
      float* const to = g.input_gradients[i];
      for (std::int64_t r = 0; to != nullptr && r < pass.batch * runs_; ++r)
        std::copy_n(g.output_gradient + r * output_run_ + offset, run_[i], to + r * run_[i]);
      offset += run_[i];
    }
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["axis"] = axis_; }

 private:
  std::int64_t axis_ = -1;         ///< as Keras counts, the batch is 0
  std::size_t along_ = 0;          ///< the same among the dimensions of a sample
  std::int64_t runs_ = 1;          ///< stretches of an input that stay together, in a sample
  std::vector<std::int64_t> run_;  ///< length of one, by input
  std::int64_t output_run_ = 0;
  std::vector<std::int64_t> steps_;
  std::int64_t output_steps_ = 0;
  bool has_steps_ = false;
};

}  // namespace

LayerType concatenate_layer_type() {
  return {"Concatenate", "concatenate", {"axis"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ConcatenateLayer>(config);
          }};
}

}  // namespace kairos::host
