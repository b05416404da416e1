// SPDX-License-Identifier: MIT
// Bilinear resizing as Keras' image_dataset_from_directory does it.
#pragma once

#include <span>

#include "io/image.hpp"

namespace kairos::host {

/// Writes `image`, resized to `size`, to `out`: [height, width, channels] of 0 to 255. The arithmetic is that
/// of TensorFlow's `tf.image.resize` (2.x, method bilinear, no antialiasing): pixel centers at one half,
/// float32 throughout.
void resize_bilinear(const Image& image, ImageSize size, std::span<float> out);

}  // namespace kairos::host
