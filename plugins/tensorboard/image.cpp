// SPDX-License-Identifier: MIT
// Keras' layout, TensorFlow 1's brightness, libpng's files.
#include "image.hpp"

#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <kairos/error.hpp>
#include <limits>

namespace kairos::plugins::tensorboard {

namespace {

constexpr std::int64_t most_images = 3;         // tf.summary.image's max_outputs
constexpr std::int64_t longest_side = 1000000;  // PNG_USER_WIDTH_MAX
constexpr std::array<png_byte, 4> bad_color = {255, 0, 0, 255};

/// A view of values as images: sizes and strides.
struct Axis {
  std::int64_t size = 1;
  std::int64_t stride = 0;
};
struct Layout {
  Axis image, row, column, channel;
};

std::optional<Layout> possible_layout(std::span<const std::int64_t> shape) {
  std::vector<Axis> axes;
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0; stride *= shape[i])
    if (shape[i] != 1) axes.insert(axes.begin(), {shape[i], stride});
  if (stride == 0) return std::nullopt;
  const Axis one;
  switch (axes.size()) {
    case 1:
      return Layout{one, axes[0], one, one};
    case 2:
      if (axes[0].size > axes[1].size) std::swap(axes[0], axes[1]);
      return Layout{one, axes[0], axes[1], one};
    case 3:
      return Layout{axes[2], axes[0], axes[1], one};
    case 4:
      if (axes[3].size != 3 && axes[3].size != 4) return std::nullopt;
      return Layout{axes[0], axes[1], axes[2], axes[3]};
    default:
      return std::nullopt;
  }
}

std::optional<Layout> layout_of(std::span<const std::int64_t> shape) {
  const std::optional<Layout> layout = possible_layout(shape);
  const bool fits = layout && layout->row.size <= longest_side && layout->column.size <= longest_side;
  return fits ? layout : std::nullopt;
}

/// The values of one image, pixel by pixel.
std::vector<float> pixels_of(const Layout& layout, const float* values) {
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(layout.row.size * layout.column.size * layout.channel.size));
  for (std::int64_t y = 0; y < layout.row.size; ++y)
    for (std::int64_t x = 0; x < layout.column.size; ++x)
      for (std::int64_t c = 0; c < layout.channel.size; ++c)
        out.push_back(values[y * layout.row.stride + x * layout.column.stride + c * layout.channel.stride]);
  return out;
}

bool all_finite(std::span<const float> pixel) {
  return std::all_of(pixel.begin(), pixel.end(), [](float v) { return std::isfinite(v); });
}

struct Brightness {
  float scale = 0;
  float offset = 0;
};

Brightness brightness_of(std::span<const float> values, std::size_t channels) {
  constexpr float nothing = 1e-6F;  // below it, all values count as equal
  float smallest = std::numeric_limits<float>::infinity();
  float largest = -smallest;
  for (std::size_t i = 0; i < values.size(); i += channels) {
    const auto pixel = values.subspan(i, channels);
    if (!all_finite(pixel)) continue;
    for (const float value : pixel) {
      smallest = std::min(smallest, value);
      largest = std::max(largest, value);
    }
  }
  if (smallest < 0) {
    const float magnitude = std::max(std::fabs(smallest), std::fabs(largest));
    return {magnitude < nothing ? 0 : 127 / magnitude, 128};
  }
  return {largest < nothing ? 0 : 255 / largest, 0};
}

std::vector<png_byte> pixels_of(std::span<const float> values, std::size_t channels) {
  const Brightness brightness = brightness_of(values, channels);
  std::vector<png_byte> pixels;
  pixels.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); i += channels) {
    const auto pixel = values.subspan(i, channels);
    const bool good = all_finite(pixel);
    for (std::size_t c = 0; c < channels; ++c) {
      const float value = good ? pixel[c] * brightness.scale + brightness.offset : bad_color[c];
      pixels.push_back(static_cast<png_byte>(std::clamp(value, 0.0F, 255.0F)));
    }
  }
  return pixels;
}

}  // namespace

std::string png_of(const std::uint8_t* pixels, std::int64_t height, std::int64_t width,
                   std::int64_t channels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = channels == 4 ? PNG_FORMAT_RGBA : channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  std::string file;
  if (png_image_write_to_memory(&image, nullptr, &size, 0, pixels, 0, nullptr) != 0) {
    file.resize(size);
    if (png_image_write_to_memory(&image, file.data(), &size, 0, pixels, 0, nullptr) != 0) {
      file.resize(size);
      return file;
    }
  }
  throw Error(KAIROS_E_INTERNAL,
              std::string("an image cannot be written as a PNG: ") + image.message + ". Omit write_images");
}

bool has_images(std::span<const std::int64_t> shape) {
  return layout_of(shape).has_value();
}

std::optional<Images> images_of(std::span<const std::int64_t> shape, std::span<const float> values) {
  const std::optional<Layout> layout = layout_of(shape);
  if (!layout) return std::nullopt;
  Images images{layout->column.size, layout->row.size, {}};
  for (std::int64_t i = 0; i < std::min(layout->image.size, most_images); ++i) {
    const std::vector<float> numbers = pixels_of(*layout, values.data() + i * layout->image.stride);
    const std::vector<png_byte> pixels = pixels_of(numbers, static_cast<std::size_t>(layout->channel.size));
    images.files.push_back(png_of(pixels.data(), images.height, images.width, layout->channel.size));
  }
  return images;
}

}  // namespace kairos::plugins::tensorboard
