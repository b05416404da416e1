// SPDX-License-Identifier: MIT
// LayerNormalization: mean 0 and variance 1 within each sample, over the last dimension or the last few.
#include <nlohmann/json.hpp>

#include "compute/normalization.hpp"
#include "compute/random.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/trailing_axes.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

namespace {

class LayerNormalizationLayer final : public Layer {
 public:
  explicit LayerNormalizationLayer(ConfigReader& config)
      : Layer(config, "LayerNormalization"),
        axes_(config),
        epsilon_(config.number("epsilon", 1e-3, {0, 1e30})),
        center_(config.boolean("center", true)),
        scale_(config.boolean("scale", true)),
        beta_(config, "beta", "zeros"),
        gamma_(config, "gamma", "ones") {
    config.unsupported("rms_scaling", false, "Remove it from the layer");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    const Shape normalized(shape.end() - static_cast<std::ptrdiff_t>(axes_.count(*this, shape)), shape.end());
    width_ = size_of(normalized);
    rows_per_sample_ = size_of(shape) / width_;
    if (scale_) gamma_.apply(add_parameter("gamma", normalized), joined_key(context.key, 0));
    if (center_) beta_.apply(add_parameter("beta", normalized), joined_key(context.key, 1));
    return shape;
  }

  void reserve(std::int64_t batch) override {
    mean_.reserve(batch * rows_per_sample_);
    inverse_deviation_.reserve(batch * rows_per_sample_);
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const Pass& pass, const LayerValues& v) override {
    normalize_rows(pass.batch * rows_per_sample_, width_, static_cast<float>(epsilon_), v.inputs.front(),
                   weights(), mean_.data(), inverse_deviation_.data(), v.output);
  }

  void backward(const Pass& pass, const LayerGradients& g) override {
    const auto gradient = [&](bool has, std::size_t index) {
      return has && trainable() ? parameters()[index].gradient.data() : nullptr;
    };
    normalize_rows_backward(
        pass.batch * rows_per_sample_, width_, g.inputs.front(), mean_.data(), inverse_deviation_.data(),
        weights(), g.output_gradient,
        {gradient(scale_, 0), gradient(center_, beta_index()), g.input_gradients.front()});
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["axis"] = axes_.json();
    config["epsilon"] = epsilon_;
    config["center"] = center_;
    config["scale"] = scale_;
    beta_.write(config);
    gamma_.write(config);
  }

 private:
  [[nodiscard]] std::size_t beta_index() const noexcept { return scale_ ? 1 : 0; }
  [[nodiscard]] NormalizationWeights weights() {
    return {scale_ ? parameters()[0].values.data() : nullptr,
            center_ ? parameters()[beta_index()].values.data() : nullptr};
  }

  TrailingAxes axes_;
  double epsilon_;
  bool center_;
  bool scale_;
  WeightOptions beta_;
  WeightOptions gamma_;

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
