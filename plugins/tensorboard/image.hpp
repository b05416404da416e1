// SPDX-License-Identifier: MIT
// Weights as pictures.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kairos::plugins::tensorboard {

/// Whether images_of has pictures of a weight of this shape.
[[nodiscard]] bool has_images(std::span<const std::int64_t> shape);

/// Pictures of one size.
struct Images {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::string> files;  ///< each a PNG
};

/// The first three pictures of a weight, laid out as Keras' TensorBoard does after dropping dimensions of 1:
/// [n] is one column; [a, b] lies on its longer side; [h, w, c] is a picture for each c; [n, h, w, c] are n
/// pictures if c is 3 (RGB) or 4 (RGBA). Empty for all else, for single numbers, and for what is more than a
/// million pixels wide or high, which a PNG reader refuses.
///
/// Brightness as TensorFlow 1 chooses it, for each picture: weights from 0 on reach from black to the largest
/// as white; where some are negative 0 is grey, and the largest magnitude reaches an end. What is not finite
/// is white, in colours red.
///
/// `values` are row-major and as many as `shape` says. Throws kairos::Error if the PNG cannot be made.
[[nodiscard]] std::optional<Images> images_of(std::span<const std::int64_t> shape,
                                              std::span<const float> values);

}  // namespace kairos::plugins::tensorboard
