// SPDX-License-Identifier: MIT
// Weights as images.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kairos::plugins::tensorboard {

/// True if images_of returns images for a weight of this shape.
[[nodiscard]] bool has_images(std::span<const std::int64_t> shape);

/// Images of equal size.
struct Images {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::string> files;  ///< PNG files
};

/// The first three images of a weight, in the layout of Keras' TensorBoard, after removing axes of size 1:
/// [n] is one column; the longer axis of [a, b] is horizontal; [h, w, c] is one image per c; [n, h, w, c] is
/// n images if c is 3 (RGB) or 4 (RGBA). Empty for other shapes, for scalars, and for images more than a
/// million pixels wide or high, which PNG readers reject.
///
/// Brightness is that of TensorFlow 1, per image: without negative weights, 0 is black and the largest weight
/// is white; otherwise 0 is grey, and the largest magnitude is black or white. Values that are not finite are
/// white, in colour images red.
///
/// `values` is row-major and has the number of elements of `shape`. Throws kairos::Error if the PNG cannot be
/// written.
[[nodiscard]] std::optional<Images> images_of(std::span<const std::int64_t> shape,
                                              std::span<const float> values);

/// A PNG file of height × width pixels of 1 (grey), 3 (RGB) or 4 (RGBA) bytes, row by row. Throws
/// kairos::Error.
[[nodiscard]] std::string png_of(const std::uint8_t* pixels, std::int64_t height, std::int64_t width,
                                 std::int64_t channels);

}  // namespace kairos::plugins::tensorboard
