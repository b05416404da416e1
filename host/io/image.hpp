// SPDX-License-Identifier: MIT
// Reads PNG and JPEG pictures; both may be hostile.
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

/// Bytes 0 to 255: rows from the top, pixels from the left, the values of a pixel side by side.
struct Image {
  std::int64_t height = 0, width = 0;
  ColorMode mode = ColorMode::Rgb;
  std::vector<std::uint8_t> values;
};

/// The content decides which of the two it is, not the name. As TensorFlow's decoders that Keras uses: alpha
/// is dropped, 16 bits become 8, a palette is looked up. A colour becomes 0.299 R + 0.587 G + 0.114 B, of a
/// JPEG its luminance. The declared size is believed up to what the file's bytes can hold: 1032 times them in
/// a PNG, 2048 pixels for each in a JPEG, and 2^28 pixels in all. Throws Error(Data) for what is damaged or
/// no such picture, Error(File) if it cannot be read.
[[nodiscard]] Image read_image(InputFile& file, ColorMode mode);

/// Whether a name ends as such pictures do.
[[nodiscard]] bool is_image_name(const std::filesystem::path& path);

// For image_*.cpp.

[[nodiscard]] Image decode_png(std::span<const std::byte> bytes, ColorMode mode, const std::string& origin);
[[nodiscard]] Image decode_jpeg(std::span<const std::byte> bytes, ColorMode mode, const std::string& origin);
/// Throws Error(Data) that names the picture.
[[noreturn]] void refuse_image(const char* code, const std::string& origin, const char* what,
                               const std::string& found, const std::string& expected);
/// Refuses a declared size beyond `largest_pixels` (what the bytes can hold) or beyond any picture.
void check_image_size(std::uint64_t height, std::uint64_t width, std::uint64_t largest_pixels,
                      const std::string& origin);

}  // namespace kairos::host
