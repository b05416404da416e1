// SPDX-License-Identifier: MIT
// SpatialDropout1D, SpatialDropout2D and SpatialDropout3D: dropout of whole channels of a sample.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"
#include "nn/layers/draw_seed.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

class SpatialDropoutLayer final : public Layer {
 public:
  SpatialDropoutLayer(ConfigReader& config, std::string class_name, std::size_t dimensions)
      : Layer(config, std::move(class_name)),
        dimensions_(dimensions),
        rate_(config.required_number("rate", {0, 1})),
        seed_(config) {}

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (shape.size() != dimensions_ + 1)
      refuse_shape(shape, std::string("samples of ") + sample_noun(dimensions_));
    seed_.build(context);
    channels_ = shape.back();
    positions_ = size_of(shape) / channels_;
    return shape;
  }

  void reserve(std::int64_t batch) override { factors_.reserve(batch * channels_); }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    if (drops(pass)) draw_dropout_factors(seed_.key(pass), rate_, pass.batch * channels_, factors_.data());
    apply(pass, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients.front() != nullptr) apply(pass, g.output_gradient, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["rate"] = rate_;
    config["seed"] = seed_.json();
    if (dimensions_ > 1) config["data_format"] = "channels_last";
  }

 private:
  [[nodiscard]] bool drops(const GraphPass& pass) const { return pass.mode == Mode::Train && rate_ > 0; }

  /// Forward and backward multiply with the same factors.
  void apply(const GraphPass& pass, const float* from, float* to) {
    const std::int64_t size = positions_ * channels_;
    if (!drops(pass)) {
      std::copy_n(from, pass.batch * size, to);
      return;
    }
    rows_in_parallel(pass.batch, size, least_values, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin * positions_; row < end * positions_; ++row)
        kernels().multiply_each(channels_, from + row * channels_,
                                factors_.data() + row / positions_ * channels_, to + row * channels_);
    });
  }

  std::size_t dimensions_;
  double rate_;
  DrawSeed seed_;
  std::int64_t channels_ = 0;
  std::int64_t positions_ = 0;  ///< per sample
  FloatBuffer factors_;         ///< [batch, channels]
};

}  // namespace

LayerType spatial_dropout1d_layer_type() {
  return {
      "SpatialDropout1D", "spatialdropout1d", {"rate"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
        return std::make_unique<SpatialDropoutLayer>(config, "SpatialDropout1D", 1);
      }};
}

LayerType spatial_dropout2d_layer_type() {
  return {"SpatialDropout2D", "spatialdropout", {"rate"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<SpatialDropoutLayer>(config, "SpatialDropout2D", 2);
          }};
}

LayerType spatial_dropout3d_layer_type() {
  return {
      "SpatialDropout3D", "spatialdropout3d", {"rate"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
        return std::make_unique<SpatialDropoutLayer>(config, "SpatialDropout3D", 3);
      }};
}

}  // namespace kairos::host
