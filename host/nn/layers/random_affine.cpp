// SPDX-License-Identifier: MIT
// RandomRotation, RandomTranslation and RandomZoom: images seen through a random affine map in training.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <string>
#include <utility>

#include "nn/layers/interpolation.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/random_image.hpp"

namespace kairos::host {

namespace {

enum class Outside { Reflect, Wrap, Constant, Nearest };

/// The pixel (column, row) of the result is that at matrix · (column, row, 1) of the image.
using AffineMap = std::array<double, 6>;

/// The index inside 0 … n - 1 that stands for `i`; -1 for the fill value.
std::int64_t inside_index(Outside outside, std::int64_t i, std::int64_t n) {
  if (i >= 0 && i < n) return i;
  const auto remainder = [](std::int64_t a, std::int64_t b) { return ((a % b) + b) % b; };
  switch (outside) {
    case Outside::Reflect: {
      const std::int64_t place = remainder(i, 2 * n);
      return place < n ? place : 2 * n - 1 - place;
    }
    case Outside::Wrap:
      return remainder(i, n);
    case Outside::Nearest:
      return i < 0 ? 0 : n - 1;
    case Outside::Constant:
      return -1;
  }
  return -1;
}

class RandomAffineLayer : public RandomImageLayer {
 protected:
  RandomAffineLayer(ConfigReader& config, std::string class_name)
      : RandomImageLayer(config, std::move(class_name)),
        outside_(read_outside(config)),
        interpolation_(read_interpolation(config, "bilinear")),
        fill_value_(config.number("fill_value", 0, {-3e38, 3e38})) {
    config.unsupported("data_format", "channels_last", "Move the channels to the last dimension");
  }

  [[nodiscard]] virtual AffineMap draw_map(RandomStream& random) const = 0;

  void write_config(nlohmann::json& config) const override {
    RandomImageLayer::write_config(config);
    constexpr std::array<const char*, 4> names{"reflect", "wrap", "constant", "nearest"};
    config["fill_mode"] = names[static_cast<std::size_t>(outside_)];
    config["fill_value"] = fill_value_;
    config["interpolation"] = interpolation_name(interpolation_);
    config["data_format"] = "channels_last";
  }

 private:
  static Outside read_outside(ConfigReader& config) {
    const std::string name = config.text("fill_mode", "reflect");
    if (name == "reflect") return Outside::Reflect;
    if (name == "wrap") return Outside::Wrap;
    if (name == "constant") return Outside::Constant;
    if (name == "nearest") return Outside::Nearest;
    config.bad_value("fill_mode", "reflect, wrap, constant or nearest");
  }

  /// Calls visit(pixel of the result, pixel of the image or -1 for the fill value, its share) for all pixels
  /// that take part.
  template <typename Visit>
  void each_share(RandomStream& random, const Visit& visit) const {
    const AffineMap m = draw_map(random);
    const bool nearest = interpolation_ == Interpolation::Nearest;
    for (std::int64_t row = 0; row < rows(); ++row)
      for (std::int64_t column = 0; column < columns(); ++column) {
        const auto c = static_cast<double>(column), r = static_cast<double>(row);
        const double x = m[0] * c + m[1] * r + m[2], y = m[3] * c + m[4] * r + m[5];
        const double left = nearest ? std::round(x) : std::floor(x);
        const double top = nearest ? std::round(y) : std::floor(y);
        const auto across = static_cast<float>(nearest ? 0 : x - left);
        const auto down = static_cast<float>(nearest ? 0 : y - top);
        const std::int64_t pixel = row * columns() + column;
        for (const int i : {0, 1})
          for (const int j : {0, 1}) {
            const float share = (i == 0 ? 1 - down : down) * (j == 0 ? 1 - across : across);
            if (share == 0) continue;
            const std::int64_t from_row = inside_index(outside_, static_cast<std::int64_t>(top) + i, rows());
            const std::int64_t from_column =
                inside_index(outside_, static_cast<std::int64_t>(left) + j, columns());
            const bool filled = from_row < 0 || from_column < 0;
            visit(pixel, filled ? -1 : from_row * columns() + from_column, share);
          }
      }
  }

  void change(RandomStream& random, const float* x, float* y, float*) const final {
    std::fill_n(y, image_size(), 0.0F);
    const auto fill = static_cast<float>(fill_value_);
    each_share(random, [&](std::int64_t to, std::int64_t from, float share) {
      float* const result = y + to * channels();
      for (std::int64_t k = 0; k < channels(); ++k)
        result[k] += share * (from < 0 ? fill : x[from * channels() + k]);
    });
  }

  void turn_back(RandomStream& random, const float*, const float* y_gradient, float* x_gradient,
                 float*) const final {
    std::fill_n(x_gradient, image_size(), 0.0F);
    each_share(random, [&](std::int64_t to, std::int64_t from, float share) {
      if (from < 0) return;
      for (std::int64_t k = 0; k < channels(); ++k)
        x_gradient[from * channels() + k] += share * y_gradient[to * channels() + k];
    });
  }

  Outside outside_;
  Interpolation interpolation_;
  double fill_value_;
};

/// Reads bounds that must be there, and keeps them as they were written in `json`.
Bounds required_bounds(ConfigReader& config, std::string_view key, nlohmann::json* json = nullptr) {
  const nlohmann::json* const value = config.take(key);
  if (value == nullptr) config.bad_value(key, "a number from -1 to 1, or a list of two");
  if (json != nullptr) *json = *value;
  return read_bounds(config, key, *value);
}

class RandomRotationLayer final : public RandomAffineLayer {
 public:
  explicit RandomRotationLayer(ConfigReader& config)
      : RandomAffineLayer(config, "RandomRotation"), turns_(required_bounds(config, "factor")) {}

 private:
  /// Turns the content around the middle; positive turns are counterclockwise.
  [[nodiscard]] AffineMap draw_map(RandomStream& random) const override {
    const double angle = draw(random, turns_) * 2 * std::numbers::pi;
    const double cosine = std::cos(angle), sine = std::sin(angle);
    const double x = static_cast<double>(columns() - 1) / 2, y = static_cast<double>(rows() - 1) / 2;
    return {cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y};
  }

  void write_config(nlohmann::json& config) const override {
    RandomAffineLayer::write_config(config);
    config["factor"] = turns_;
  }

  Bounds turns_;
};

class RandomTranslationLayer final : public RandomAffineLayer {
 public:
  explicit RandomTranslationLayer(ConfigReader& config)
      : RandomAffineLayer(config, "RandomTranslation"),
        height_(required_bounds(config, "height_factor", &height_json_)),
        width_(required_bounds(config, "width_factor", &width_json_)) {}

 private:
  [[nodiscard]] AffineMap draw_map(RandomStream& random) const override {
    const double down = draw(random, height_) * static_cast<double>(rows());
    const double right = draw(random, width_) * static_cast<double>(columns());
    return {1, 0, -right, 0, 1, -down};
  }

  void write_config(nlohmann::json& config) const override {
    RandomAffineLayer::write_config(config);
    config["height_factor"] = height_json_;
    config["width_factor"] = width_json_;
  }

  nlohmann::json height_json_, width_json_;
  Bounds height_, width_;
};

class RandomZoomLayer final : public RandomAffineLayer {
 public:
  explicit RandomZoomLayer(ConfigReader& config)
      : RandomAffineLayer(config, "RandomZoom"),
        height_(required_bounds(config, "height_factor", &height_json_)) {
    const nlohmann::json* const value = config.take("width_factor");
    if (value == nullptr) return;
    width_json_ = *value;
    width_ = read_bounds(config, "width_factor", *value);
  }

 private:
  /// Without a factor of its own, the width is zoomed as the height.
  [[nodiscard]] AffineMap draw_map(RandomStream& random) const override {
    const double high = 1 + draw(random, height_);
    const double wide = width_ ? 1 + draw(random, *width_) : high;
    const double x = static_cast<double>(columns() - 1) / 2, y = static_cast<double>(rows() - 1) / 2;
    return {wide, 0, x * (1 - wide), 0, high, y * (1 - high)};
  }

  void write_config(nlohmann::json& config) const override {
    RandomAffineLayer::write_config(config);
    config["height_factor"] = height_json_;
    config["width_factor"] = width_json_;
  }

  nlohmann::json height_json_, width_json_;
  Bounds height_;
  std::optional<Bounds> width_;
};

}  // namespace

LayerType random_rotation_layer_type() {
  return {"RandomRotation", "randomrotation", {"factor"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RandomRotationLayer>(config);
          }};
}

LayerType random_translation_layer_type() {
  return {"RandomTranslation",
          "randomtranslation",
          {"height_factor", "width_factor"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RandomTranslationLayer>(config);
          }};
}

LayerType random_zoom_layer_type() {
  return {"RandomZoom",
          "randomzoom",
          {"height_factor", "width_factor"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RandomZoomLayer>(config);
          }};
}

}  // namespace kairos::host
