// SPDX-License-Identifier: MIT
// RandomBrightness and RandomContrast: images lighter or darker, or with more or less contrast, in training.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/random_image.hpp"

namespace kairos::host {

namespace {

/// Results are limited to the range of values.
class RandomColorLayer : public RandomImageLayer {
 protected:
  RandomColorLayer(ConfigReader& config, std::string class_name, double least_factor)
      : RandomImageLayer(config, std::move(class_name)) {
    const nlohmann::json* const factor = config.take("factor");
    if (factor == nullptr) config.bad_value("factor", "a number from -1 to 1, or a list of two");
    factor_ = read_bounds(config, "factor", *factor);
    for (double& bound : factor_) bound = std::max(bound, least_factor);
    const nlohmann::json* const range = config.take("value_range");
    config.skip("data_format");
    if (range == nullptr) return;
    if (!range->is_array() || range->size() != 2 || !range->at(0).is_number() || !range->at(1).is_number())
      config.bad_value("value_range", "a list of the least and the largest value, such as (0,255)");
    range_ = {range->at(0).get<float>(), range->at(1).get<float>()};
    if (range_[0] > range_[1]) std::swap(range_[0], range_[1]);
  }

  [[nodiscard]] const Bounds& factor() const noexcept { return factor_; }
  [[nodiscard]] float span() const noexcept { return range_[1] - range_[0]; }
  [[nodiscard]] float limited(float value) const {
    return value < range_[0] ? range_[0] : (value > range_[1] ? range_[1] : value);
  }
  [[nodiscard]] bool is_inside(float value) const { return !(value < range_[0]) && !(value > range_[1]); }

  void write_config(nlohmann::json& config) const override {
    RandomImageLayer::write_config(config);
    config["factor"] = factor_;
    config["value_range"] = range_;
  }

 private:
  Bounds factor_{};
  std::array<float, 2> range_{0, 255};
};

class RandomBrightnessLayer final : public RandomColorLayer {
 public:
  explicit RandomBrightnessLayer(ConfigReader& config) : RandomColorLayer(config, "RandomBrightness", -1) {}

 private:
  [[nodiscard]] float draw_change(RandomStream& random) const {
    return static_cast<float>(draw(random, factor())) * span();
  }
  void change(RandomStream& random, const float* x, float* y, float*) const override {
    const float added = draw_change(random);
    for (std::int64_t i = 0; i < image_size(); ++i) y[i] = limited(x[i] + added);
  }
  void turn_back(RandomStream& random, const float* x, const float* y_gradient, float* x_gradient,
                 float*) const override {
    const float added = draw_change(random);
    for (std::int64_t i = 0; i < image_size(); ++i)
      x_gradient[i] = is_inside(x[i] + added) ? y_gradient[i] : 0;
  }
};

class RandomContrastLayer final : public RandomColorLayer {
 public:
  explicit RandomContrastLayer(ConfigReader& config) : RandomColorLayer(config, "RandomContrast", 0) {}

 private:
  /// As in Keras, a single number f only adds contrast: its bounds are 0 and f, and the draw is from 1 - 0 to
  /// 1 + f.
  [[nodiscard]] float draw_change(RandomStream& random) const {
    return static_cast<float>(draw(random, {1 - factor()[0], 1 + factor()[1]}));
  }
  void mean_of(const float* x, float* mean) const {
    std::fill_n(mean, channels(), 0.0F);
    for (std::int64_t i = 0; i < image_size(); i += channels())
      for (std::int64_t c = 0; c < channels(); ++c) mean[c] += x[i + c];
    for (std::int64_t c = 0; c < channels(); ++c) mean[c] /= static_cast<float>(rows() * columns());
  }
  void change(RandomStream& random, const float* x, float* y, float* scratch) const override {
    const float times = draw_change(random);
    mean_of(x, scratch);
    for (std::int64_t i = 0; i < image_size(); i += channels())
      for (std::int64_t c = 0; c < channels(); ++c)
        y[i + c] = limited((x[i + c] - scratch[c]) * times + scratch[c]);
  }
  void turn_back(RandomStream& random, const float* x, const float* y_gradient, float* x_gradient,
                 float* scratch) const override {
    const float times = draw_change(random);
    mean_of(x, scratch);
    for (std::int64_t i = 0; i < image_size(); i += channels())
      for (std::int64_t c = 0; c < channels(); ++c)
        x_gradient[i + c] = is_inside((x[i + c] - scratch[c]) * times + scratch[c]) ? y_gradient[i + c] : 0;
    mean_of(x_gradient, scratch);
    for (std::int64_t i = 0; i < image_size(); i += channels())
      for (std::int64_t c = 0; c < channels(); ++c)
        x_gradient[i + c] = x_gradient[i + c] * times + (1 - times) * scratch[c];
  }
};

}  // namespace

LayerType random_brightness_layer_type() {
  return {"RandomBrightness",
          "randombrightness",
          {"factor", "value_range"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RandomBrightnessLayer>(config);
          }};
}

LayerType random_contrast_layer_type() {
  return {"RandomContrast",
          "randomcontrast",
          {"factor", "value_range"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RandomContrastLayer>(config);
          }};
}

}  // namespace kairos::host
