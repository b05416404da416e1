// SPDX-License-Identifier: MIT
// GaussianNoise, GaussianDropout and AlphaDropout, which only act in training.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "compute/elementwise.hpp"
#include "compute/vector.hpp"
#include "nn/layers/draw_seed.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class NoiseLayer : public Layer {
 public:
  Shape build(std::span<const Shape> inputs, const BuildContext& context) final {
    seed_.build(context);
    size_ = size_of(inputs.front());
    return inputs.front();
  }

  void reserve(std::int64_t batch) final { drawn_.reserve(batch * size_); }

  [[nodiscard]] MaskRule mask_rule(bool) const final { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) final {
    const std::int64_t n = pass.batch * size_;
    if (acts(pass))
      disturb(seed_.key(pass), n, v.inputs.front(), drawn_.data(), v.output);
    else
      std::copy_n(v.inputs.front(), n, v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) final {
    float* const to = g.input_gradients.front();
    if (to == nullptr) return;
    const std::int64_t n = pass.batch * size_;
    if (acts(pass))
      turn_back(n, drawn_.data(), g.output_gradient, to);
    else
      std::copy_n(g.output_gradient, n, to);
  }

 protected:
  NoiseLayer(ConfigReader& config, std::string class_name, std::string_view key, NumberRange range)
      : Layer(config, std::move(class_name)),
        key_(key),
        amount_(config.required_number(key, range)),
        seed_(config) {}

  [[nodiscard]] double amount() const noexcept { return amount_; }

  /// Draws n numbers and computes y with them.
  virtual void disturb(std::uint64_t key, std::int64_t n, const float* x, float* drawn, float* y) = 0;
  /// The gradient of x for the numbers drawn in `disturb`.
  virtual void turn_back(std::int64_t n, const float* drawn, const float* y_gradient, float* x_gradient) = 0;

  void write_config(nlohmann::json& config) const override {
    config[key_] = amount_;
    config["seed"] = seed_.json();
  }

 private:
  [[nodiscard]] bool acts(const GraphPass& pass) const { return pass.mode == Mode::Train && amount_ > 0; }

  std::string key_;
  double amount_;
  DrawSeed seed_;
  std::int64_t size_ = 0;
  FloatBuffer drawn_;
};

class GaussianNoiseLayer final : public NoiseLayer {
 public:
  explicit GaussianNoiseLayer(ConfigReader& config) : NoiseLayer(config, "GaussianNoise", "stddev", {0, 1}) {}

 private:
  void disturb(std::uint64_t key, std::int64_t n, const float* x, float*, float* y) override {
    draw_normal_numbers(key, 0, static_cast<float>(amount()), n, y);
    add_to(n, x, y);
  }
  void turn_back(std::int64_t n, const float*, const float* y_gradient, float* x_gradient) override {
    std::copy_n(y_gradient, n, x_gradient);
  }
};

class GaussianDropoutLayer final : public NoiseLayer {
 public:
  explicit GaussianDropoutLayer(ConfigReader& config)
      : NoiseLayer(config, "GaussianDropout", "rate", {0, 0.999999}) {}

 private:
  void disturb(std::uint64_t key, std::int64_t n, const float* x, float* drawn, float* y) override {
    const auto deviation = static_cast<float>(std::sqrt(amount() / (1 - amount())));
    draw_normal_numbers(key, 1, deviation, n, drawn);
    multiply_each(n, x, drawn, y);
  }
  void turn_back(std::int64_t n, const float* drawn, const float* y_gradient, float* x_gradient) override {
    multiply_each(n, y_gradient, drawn, x_gradient);
  }
};

/// Keeps mean and variance of selu's outputs: dropped values become selu's limit, and all are then scaled and
/// shifted (Klambauer and others, 2017).
class AlphaDropoutLayer final : public NoiseLayer {
 public:
  explicit AlphaDropoutLayer(ConfigReader& config)
      : NoiseLayer(config, "AlphaDropout", "rate", {0, 0.999999}) {
    config.unsupported("noise_shape", nullptr, "Remove it from the layer");
    const double scale = 1 / std::sqrt((1 - amount()) * (1 + amount() * limit * limit));
    scale_ = static_cast<float>(scale);
    shift_ = static_cast<float>(-scale * limit * amount());
  }

 private:
  static constexpr double limit = -1.0507009873554805 * 1.6732632423543772;

  /// Dropout's factors are 0 or 1 / (1 - rate).
  [[nodiscard]] float whole() const { return scale_ * static_cast<float>(1 - amount()); }

  void disturb(std::uint64_t key, std::int64_t n, const float* x, float* drawn, float* y) override {
    constexpr auto least = static_cast<float>(limit);
    PointwiseFunction{Function::Affine, {1, -least}}.value(n, x, y);
    draw_dropout_factors(key, amount(), n, drawn, y, y);
    PointwiseFunction{Function::Affine, {whole(), scale_ * least + shift_}}.value(n, y, y);
  }
  void turn_back(std::int64_t n, const float* drawn, const float* y_gradient, float* x_gradient) override {
    multiply_each(n, y_gradient, drawn, x_gradient);
    PointwiseFunction{Function::Affine, {whole(), 0}}.value(n, x_gradient, x_gradient);
  }
  void write_config(nlohmann::json& config) const override {
    NoiseLayer::write_config(config);
    config["noise_shape"] = nullptr;
  }

  float scale_, shift_;
};

}  // namespace

LayerType gaussian_noise_layer_type() {
  return {"GaussianNoise", "gaussiannoise", {"stddev"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GaussianNoiseLayer>(config);
          }};
}

LayerType gaussian_dropout_layer_type() {
  return {"GaussianDropout", "gaussiandropout", {"rate"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GaussianDropoutLayer>(config);
          }};
}

LayerType alpha_dropout_layer_type() {
  return {"AlphaDropout", "alphadropout", {"rate"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<AlphaDropoutLayer>(config);
          }};
}

}  // namespace kairos::host
