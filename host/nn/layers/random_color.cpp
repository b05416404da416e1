// SPDX-License-Identifier: MIT
// RandomBrightness and RandomContrast: images lighter or darker, or with more or less contrast, in training.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "compute/kernels/elementwise.hpp"
#include "compute/kernels/kernels.hpp"
#include "compute/kernels/normalizing.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/random_image.hpp"

namespace kairos::host {

namespace {

const FunctionKernels& color_kernels(Function function) {
  return function_kernels().functions[static_cast<std::size_t>(function)];
}

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
    config.unsupported("data_format", "channels_last", "Move the channels to the last dimension");
    if (range == nullptr) return;
    if (!range->is_array() || range->size() != 2 || !range->at(0).is_number() || !range->at(1).is_number())
      config.bad_value("value_range", "a list of the least and the largest value, such as (0,255)");
    range_ = {range->at(0).get<float>(), range->at(1).get<float>()};
    if (range_[0] > range_[1]) std::swap(range_[0], range_[1]);
  }

  [[nodiscard]] const Bounds& factor() const noexcept { return factor_; }
  [[nodiscard]] float least() const noexcept { return range_[0]; }
  [[nodiscard]] float span() const noexcept { return range_[1] - range_[0]; }

  /// y = the value from `least` that is y above it, limited to the range.
  void limit(float* y) const {
    const float most = span();
    color_kernels(Function::LimitedRelu).value(image_size(), &most, y, y);
    const std::array<float, 2> back{1, least()};
    color_kernels(Function::Affine).value(image_size(), back.data(), y, y);
  }
  /// The gradient through `limit` of values `above`.
  void limit_gradient(const float* above, const float* y_gradient, float* gradient) const {
    const float most = span();
    color_kernels(Function::LimitedRelu).gradient(image_size(), &most, above, y_gradient, gradient);
  }

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
  /// y = how far the changed value is above the least one.
  void raise(RandomStream& random, const float* x, float* y) const {
    const std::array<float, 2> arguments{1, static_cast<float>(draw(random, factor())) * span() - least()};
    color_kernels(Function::Affine).value(image_size(), arguments.data(), x, y);
  }
  void change(RandomStream& random, const float* x, float* y, float*) const override {
    raise(random, x, y);
    limit(y);
  }
  void turn_back(RandomStream& random, const float* x, const float* y_gradient, float* x_gradient,
                 float* scratch) const override {
    raise(random, x, scratch);
    limit_gradient(scratch, y_gradient, x_gradient);
  }
};

class RandomContrastLayer final : public RandomColorLayer {
 public:
  explicit RandomContrastLayer(ConfigReader& config) : RandomColorLayer(config, "RandomContrast", 0) {}

 private:
  /// As in Keras, a single number f only adds contrast: its bounds are 0 and f, and the draw is from 1 - 0 to
  /// 1 + f.
  [[nodiscard]] float draw_times(RandomStream& random) const {
    return static_cast<float>(draw(random, {1 - factor()[0], 1 + factor()[1]}));
  }

  /// y = (x - middle) · times + share · mean - below, with the mean of each channel, and as the middle the
  /// mean or 0. `row` holds three values per channel.
  void spread(const float* x, float times, bool around_mean, float share, float below, float* row,
              float* y) const {
    const std::int64_t pixels = rows() * columns();
    float *const middle = row, *const factors = row + channels(), *const summands = row + 2 * channels();
    kernels().sum_rows(pixels, channels(), x, middle);
    for (std::int64_t c = 0; c < channels(); ++c) {
      middle[c] /= static_cast<float>(pixels);
      factors[c] = times;
      summands[c] = middle[c] * share - below;
      if (!around_mean) middle[c] = 0;
    }
    normalizing_kernels().normalize(pixels, channels(), x, middle, factors, summands, y);
  }

  void change(RandomStream& random, const float* x, float* y, float* scratch) const override {
    spread(x, draw_times(random), true, 1, least(), scratch + image_size(), y);
    limit(y);
  }
  void turn_back(RandomStream& random, const float* x, const float* y_gradient, float* x_gradient,
                 float* scratch) const override {
    const float times = draw_times(random);
    float* const row = scratch + image_size();
    spread(x, times, true, 1, least(), row, scratch);
    limit_gradient(scratch, y_gradient, scratch);
    spread(scratch, times, false, 1 - times, 0, row, x_gradient);
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
