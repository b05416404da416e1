// SPDX-License-Identifier: MIT
// Reads PNG and JPEG images, which may be hostile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/input_file.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

/// Bytes 0 to 255 in the order height, width, channel, starting at the top left.
struct Image {
  std::int64_t height = 0, width = 0;
  ColorMode mode = ColorMode::Rgb;
  std::vector<std::uint8_t> values;
};

/// The content decides the format, not the name. As in TensorFlow's decoders, which Keras uses: alpha is
/// dropped, 16 bits are reduced to 8, palettes are resolved. For grayscale, a colour becomes 0.299 R + 0.587
/// G + 0.114 B, or the luminance of a JPEG. The declared size is accepted up to what the file's bytes can
/// hold: 1032 times their number in a PNG, 2048 pixels for each in a JPEG, and 2^28 pixels in all. Throws
/// Error(Data) for damaged files and other formats, Error(File) if the file cannot be read.
[[nodiscard]] Image read_image(InputFile& file, ColorMode mode);

// For image_*.cpp.

[[nodiscard]] Image decode_png(std::span<const std::byte> bytes, ColorMode mode, const std::string& origin);
[[nodiscard]] Image decode_jpeg(std::span<const std::byte> bytes, ColorMode mode, const std::string& origin);
/// Throws Error(Data) that names the image.
[[noreturn]] void refuse_image(const char* code, const std::string& origin, const char* what,
                               const std::string& found, const std::string& expected,
                               const char* cure = "Copy the file again, or remove it");
/// Rejects a declared size beyond `largest_pixels` (what the bytes can hold) or beyond the limit for all
/// images.
void check_image_size(std::uint64_t height, std::uint64_t width, std::uint64_t largest_pixels,
                      const std::string& origin);

}  // namespace kairos::host
