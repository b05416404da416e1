// SPDX-License-Identifier: MIT
// LayerNormalization: normalizes each sample to mean 0 and variance 1 over its last dimensions.
#include <nlohmann/json.hpp>
#include <optional>

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
    const std::int64_t width = size_of(normalized);
    rows_per_sample_ = size_of(shape) / width;
    normalizer_.emplace(width, epsilon());
    add_weights(normalized, context);
    return shape;
  }

  void reserve(std::int64_t batch) override { normalizer_->reserve(batch * rows_per_sample_); }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    normalizer_->forward(pass.batch * rows_per_sample_, v.inputs.front(), weights(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    normalizer_->backward(pass.batch * rows_per_sample_, g.inputs.front(), weights(), g.output_gradient,
                          gradients(g.input_gradients.front()));
  }

 private:
  std::int64_t rows_per_sample_ = 0;
  std::optional<RowNormalizer> normalizer_;
};

}  // namespace

LayerType layer_normalization_layer_type() {
  return {"LayerNormalization", "layernorm", {"epsilon"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<LayerNormalizationLayer>(config);
          }};
}

}  // namespace kairos::host
