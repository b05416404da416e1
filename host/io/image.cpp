// SPDX-License-Identifier: MIT
// Common to both formats: detection by content, and the limit on declared sizes.
#include "io/image.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t largest_file = std::uint64_t{1} << 28;

bool begins_with(std::string_view bytes, std::string_view magic) {
  return bytes.substr(0, magic.size()) == magic;
}

/// The name of another format of images; null if it is not known.
const char* format_of(std::string_view bytes) {
  constexpr std::size_t after_size = 8;
  if (begins_with(bytes, "RIFF") && begins_with(bytes.substr(std::min(after_size, bytes.size())), "WEBP"))
    return "a WebP image";
  if (begins_with(bytes, "GIF8")) return "a GIF image";
  if (begins_with(bytes, "BM")) return "a BMP image";
  if (begins_with(bytes, std::string_view("II*\0", 4)) || begins_with(bytes, std::string_view("MM\0*", 4)))
    return "a TIFF image";
  return nullptr;
}

}  // namespace

void refuse_image(const char* code, const std::string& origin, const char* what, const std::string& found,
                  const std::string& expected, const char* cure) {
  throw Error(ErrorKind::Data, {code, origin, what, found, expected, cure});
}

void check_image_size(std::uint64_t height, std::uint64_t width, std::uint64_t largest_pixels,
                      const std::string& origin) {
  constexpr std::uint64_t any_image = std::uint64_t{1} << 28;
  const std::uint64_t limit = std::min(largest_pixels, any_image);
  if (height == 0 || width == 0 || height > limit / width)
    refuse_image("KAIROS-D072", origin, "the image declares more pixels than its file can hold",
                 std::to_string(width) + " x " + std::to_string(height) + " pixels",
                 "at most " + std::to_string(limit) + " pixels");
}

Image read_image(InputFile& file, ColorMode mode) {
  const std::string& origin = file.name();
  const std::string content = read_file(file, largest_file);
  const auto bytes = std::as_bytes(std::span(content));
  if (begins_with(content, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, mode, origin);
  if (begins_with(content, "\xff\xd8\xff")) return decode_jpeg(bytes, mode, origin);
  const char* format = format_of(content);
  refuse_image("KAIROS-D070", origin, "this is not a readable image",
               format != nullptr ? format : "a different signature", "a PNG or JPEG file",
               format != nullptr ? "Convert it to PNG, or remove it" : "Copy the file again, or remove it");
}

}  // namespace kairos::host
