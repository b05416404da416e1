// SPDX-License-Identifier: MIT
// LayerNormalization: normalizes each sample to mean 0 and variance 1 over its last dimensions.
#include <nlohmann/json.hpp>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/normalizing_layer.hpp"

namespace kairos::host {

namespace {

class LayerNormalizationLayer final : public NormalizingLayer {
 public:
  explicit LayerNormalizationLayer(ConfigReader& config) : NormalizingLayer(config, "LayerNormalization") {}

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    const Shape normalized(shape.end() - static_cast<std::ptrdiff_t>(axes().count(*this, shape)),
                           shape.end());
    width_ = size_of(normalized);
    rows_per_sample_ = size_of(shape) / width_;
    add_weights(normalized, context);
    return shape;
  }

  void reserve(std::int64_t batch) override {
    mean_.reserve(batch * rows_per_sample_);
    inverse_deviation_.reserve(batch * rows_per_sample_);
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    normalize_rows(pass.batch * rows_per_sample_, width_, epsilon(), v.inputs.front(), weights(),
                   mean_.data(), inverse_deviation_.data(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    normalize_rows_backward(pass.batch * rows_per_sample_, width_, g.inputs.front(), mean_.data(),
                            inverse_deviation_.data(), weights(), g.output_gradient,
                            gradients(g.input_gradients.front()));
  }

 private:
  std::int64_t width_ = 0;
  std::int64_t rows_per_sample_ = 0;
  FloatBuffer mean_, inverse_deviation_;
};

}  // namespace

LayerType layer_normalization_layer_type() {
  return {"LayerNormalization", "layernorm", {"epsilon"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<LayerNormalizationLayer>(config);
          }};
}

}  // namespace kairos::host
