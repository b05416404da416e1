// SPDX-License-Identifier: MIT
// Resizing and CenterCrop: images of a given size.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/resampling.hpp"
#include "nn/layers/interpolation.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

/// A part of the image, resampled to the size. The sections are those of keras/src/backend/*/image.py and
/// center_crop.py.
class ImageSizeLayer : public Layer {
 public:
  Shape build(std::span<const Shape> inputs, const BuildContext&) final {
    const Shape& shape = inputs.front();
    if (shape.size() != 3) refuse_shape(shape, std::string("samples of ") + sample_noun(2));
    const auto [rows, columns] = sections(shape[0], shape[1]);
    resampler_.emplace(rows, columns, shape[2], interpolation_);
    return {height_, width_, shape[2]};
  }

  void reserve(std::int64_t) final { resampler_->reserve(); }

  void forward(const GraphPass& pass, const LayerValues& v) final {
    resampler_->forward(pass.batch, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) final {
    if (g.input_gradients.front() != nullptr)
      resampler_->backward(pass.batch, g.output_gradient, g.input_gradients.front());
  }

 protected:
  ImageSizeLayer(ConfigReader& config, std::string class_name)
      : Layer(config, std::move(class_name)),
        height_(config.required_integer("height", {1, 1 << 20})),
        width_(config.required_integer("width", {1, 1 << 20})) {}

  struct Sections {
    LineSection rows, columns;
  };
  /// The part of an image of that size that is resampled.
  [[nodiscard]] virtual Sections sections(std::int64_t rows, std::int64_t columns) const = 0;

  [[nodiscard]] std::int64_t height() const noexcept { return height_; }
  [[nodiscard]] std::int64_t width() const noexcept { return width_; }
  void interpolate(Interpolation interpolation) noexcept { interpolation_ = interpolation; }
  [[nodiscard]] Interpolation interpolation() const noexcept { return interpolation_; }

  /// The largest part in the middle that has the proportions of the result.
  [[nodiscard]] Sections cropped_to_proportions(std::int64_t rows, std::int64_t columns) const {
    const auto part = [](std::int64_t size, std::int64_t other, std::int64_t to, std::int64_t other_to) {
      const std::int64_t wanted = other * to / other_to;
      return std::max<std::int64_t>(std::min(size, wanted), 1);
    };
    const std::int64_t tall = part(rows, columns, height_, width_),
                       wide = part(columns, rows, width_, height_);
    return {{rows, (rows - tall) / 2, tall, height_}, {columns, (columns - wide) / 2, wide, width_}};
  }

  void write_config(nlohmann::json& config) const override {
    config["height"] = height_;
    config["width"] = width_;
    config["data_format"] = "channels_last";
  }

 private:
  std::int64_t height_, width_;
  Interpolation interpolation_ = Interpolation::Bilinear;
  std::optional<Resampler> resampler_;
};

class ResizingLayer final : public ImageSizeLayer {
 public:
  explicit ResizingLayer(ConfigReader& config)
      : ImageSizeLayer(config, "Resizing"), crops_(config.boolean("crop_to_aspect_ratio", false)) {
    interpolate(read_interpolation(config, "bilinear"));
    config.unsupported("pad_to_aspect_ratio", false, "Use crop_to_aspect_ratio, or pad the images before");
    config.unsupported("fill_mode", "constant", "Remove it from the layer");
    fill_value_ = config.number("fill_value", 0, {-3e38, 3e38});
    config.unsupported("antialias", false, "Remove it from the layer");
  }

 private:
  [[nodiscard]] Sections sections(std::int64_t rows, std::int64_t columns) const override {
    if (crops_) return cropped_to_proportions(rows, columns);
    return {{rows, 0, rows, height()}, {columns, 0, columns, width()}};
  }

  void write_config(nlohmann::json& config) const override {
    ImageSizeLayer::write_config(config);
    config["interpolation"] = interpolation_name(interpolation());
    config["crop_to_aspect_ratio"] = crops_;
    config["pad_to_aspect_ratio"] = false;
    config["fill_mode"] = "constant";
    config["fill_value"] = fill_value_;
  }

  bool crops_;
  double fill_value_ = 0;  ///< of the padding that is not supported
};

class CenterCropLayer final : public ImageSizeLayer {
 public:
  explicit CenterCropLayer(ConfigReader& config) : ImageSizeLayer(config, "CenterCrop") {}

 private:
  /// Smaller images are resized instead, as in Keras.
  [[nodiscard]] Sections sections(std::int64_t rows, std::int64_t columns) const override {
    if (rows < height() || columns < width()) return cropped_to_proportions(rows, columns);
    return {{rows, (rows - height()) / 2, height(), height()},
            {columns, (columns - width()) / 2, width(), width()}};
  }
};

}  // namespace

LayerType resizing_layer_type() {
  return {"Resizing", "resize", {"height", "width"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ResizingLayer>(config);
          }};
}

LayerType center_crop_layer_type() {
  return {
      "CenterCrop", "centercrop", {"height", "width"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
        return std::make_unique<CenterCropLayer>(config);
      }};
}

}  // namespace kairos::host
