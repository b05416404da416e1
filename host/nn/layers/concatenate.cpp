// SPDX-License-Identifier: MIT
// Concatenate: joins inputs along one dimension; all others must be equal.
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
    if (axis_ == 0) config.bad_value("axis", "an axis after the batch");
  }

  [[nodiscard]] bool takes_several_inputs() const override { return true; }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    Shape output = inputs.front();
    const auto rank = static_cast<std::int64_t>(output.size());
    const std::int64_t dimension = axis_ < 0 ? rank + axis_ : axis_ - 1;
    if (dimension < 0 || dimension >= rank)
      refuse_shape(output, "an input that has axis " + std::to_string(axis_));
    dimension_ = static_cast<std::size_t>(dimension);
    std::int64_t total = 0;
    for (const Shape& shape : inputs) {
      Shape alike = shape;
      if (alike.size() == output.size()) alike[dimension_] = output[dimension_];
      if (alike != output) refuse_shape(shape, "the shape of the first input in all other dimensions");
      total += shape[dimension_];
      run_lengths_.push_back(size_of(shape));
      steps_.push_back(shape.front());
    }
    output[dimension_] = total;
    run_count_ = 1;
    for (std::size_t i = 0; i < dimension_; ++i) run_count_ *= output[i];
    for (std::int64_t& run : run_lengths_) run /= run_count_;
    output_run_length_ = size_of(output) / run_count_;
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
      for (std::int64_t r = 0; r < pass.batch * run_count_; ++r)
        std::copy_n(v.inputs[i] + r * run_lengths_[i], run_lengths_[i],
                    v.output + r * output_run_length_ + offset);
      offset += run_lengths_[i];
    }
    if (v.output_mask == nullptr) return;
    const auto merge = dimension_ == 0 ? append_masks : unite_masks;
    merge(pass.batch, v.input_masks, steps_, output_steps_, v.output_mask);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < g.inputs.size(); ++i) {
      float* const to = g.input_gradients[i];
      for (std::int64_t r = 0; to != nullptr && r < pass.batch * run_count_; ++r)
        std::copy_n(g.output_gradient + r * output_run_length_ + offset, run_lengths_[i],
                    to + r * run_lengths_[i]);
      offset += run_lengths_[i];
    }
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["axis"] = axis_; }

 private:
  std::int64_t axis_ = -1;                 ///< Keras' number; the batch is axis 0
  std::size_t dimension_ = 0;              ///< the axis among the dimensions of a sample
  std::int64_t run_count_ = 1;             ///< contiguous runs of each input in a sample
  std::vector<std::int64_t> run_lengths_;  ///< values per run, by input
  std::int64_t output_run_length_ = 0;
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
