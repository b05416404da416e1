// SPDX-License-Identifier: MIT
// Dropout: in training, sets a fraction `rate` of the values to 0 and scales the others by 1 / (1 - rate).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/vector.hpp"
#include "nn/layers/draw_seed.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/repeated_values.hpp"

namespace kairos::host {

namespace {

class DropoutLayer final : public Layer {
 public:
  explicit DropoutLayer(ConfigReader& config)
      : Layer(config, "Dropout"), rate_(config.required_number("rate", {0, 1})), seed_(config) {
    const nlohmann::json* const value = config.take("noise_shape");
    if (value == nullptr || value->empty()) return;
    const char* const expected = "a list of the batch and all dimensions: null to draw along it, or 1";
    if (!value->is_array()) config.bad_value("noise_shape", expected);
    for (const nlohmann::json& size : *value) {
      if (!size.is_null() && (!size.is_number_integer() || size < 1 || size > 2147483647))
        config.bad_value("noise_shape", expected);
      noise_shape_.push_back(size.is_null() ? -1 : size.get<std::int64_t>());
    }
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    seed_.build(context);
    const Shape& shape = inputs.front();
    size_ = size_of(shape);
    if (noise_shape_.empty()) return shape;
    Shape drawn;
    for (std::size_t i = 0; i < shape.size() && shape.size() + 1 == noise_shape_.size(); ++i)
      drawn.push_back(noise_shape_[i + 1] < 0 ? shape[i] : noise_shape_[i + 1]);
    bool fits = drawn.size() == shape.size() && (noise_shape_[0] < 0 || noise_shape_[0] == 1);
    for (std::size_t i = 0; i < drawn.size(); ++i) fits = fits && (drawn[i] == 1 || drawn[i] == shape[i]);
    if (!fits)
      refuse_shape(shape, "the dimensions that \"noise_shape\" has, or 1 there, and a batch of null");
    drawn_size_ = size_of(drawn);
    row_.place(drawn, shape);
    return shape;
  }

  void reserve(std::int64_t batch) override {
    factors_.reserve(batch * size_);
    if (!noise_shape_.empty()) drawn_.reserve(batch * drawn_size_);
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const std::int64_t n = pass.batch * size_;
    const float* const input = v.inputs.front();
    if (pass.mode != Mode::Train || rate_ == 0) {
      std::copy_n(input, n, v.output);
      return;
    }
    if (noise_shape_.empty())
      return draw_dropout_factors(seed_.key(pass), rate_, n, factors_.data(), input, v.output);
    draw_shared_factors(pass);
    multiply_each(n, input, factors_.data(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const input_gradient = g.input_gradients.front();
    if (input_gradient == nullptr) return;
    const std::int64_t n = pass.batch * size_;
    if (pass.mode != Mode::Train || rate_ == 0) {
      std::copy_n(g.output_gradient, n, input_gradient);
      return;
    }
    multiply_each(n, g.output_gradient, factors_.data(), input_gradient);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["rate"] = rate_;
    config["seed"] = seed_.json();
    config["noise_shape"] = nullptr;
    if (noise_shape_.empty()) return;
    nlohmann::json& sizes = config["noise_shape"] = nlohmann::json::array();
    for (const std::int64_t size : noise_shape_)
      sizes.push_back(size < 0 ? nlohmann::json(nullptr) : nlohmann::json(size));
  }

 private:
  /// Repeats each factor wherever noise_shape has a 1.
  void draw_shared_factors(const GraphPass& pass) {
    const bool same_for_all = noise_shape_[0] == 1;
    draw_dropout_factors(seed_.key(pass), rate_, (same_for_all ? 1 : pass.batch) * drawn_size_,
                         drawn_.data());
    const std::int64_t width = row_.width();
    for (std::int64_t sample = 0; sample < pass.batch; ++sample) {
      float* const factors = factors_.data() + sample * size_;
      row_.repeat(drawn_.data() + (same_for_all ? 0 : sample * drawn_size_), factors);
      for (std::int64_t at = width; at < size_; at += width) std::copy_n(factors, width, factors + at);
    }
  }

  double rate_;
  DrawSeed seed_;
  std::int64_t size_ = 0;
  FloatBuffer factors_;
  Shape noise_shape_;  ///< with the batch; -1 for all of a dimension; empty to draw for each value
  std::int64_t drawn_size_ = 0;
  RepeatedValues row_;
  FloatBuffer drawn_;  ///< [batch, drawn_size_] for a noise_shape
};

}  // namespace

LayerType dropout_layer_type() {
  return {"Dropout", "dropout", {"rate"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<DropoutLayer>(config);
          }};
}

}  // namespace kairos::host
