// SPDX-License-Identifier: MIT
// PNG by libpng, which reports errors by longjmp: functions that it may leave hold no objects with
// destructors.
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>

#include "base/available_memory.hpp"
#include "io/image.hpp"

namespace kairos::host {

namespace {

/// Lives outside of the frames that longjmp skips.
struct PngReading {
  std::span<const std::byte> rest;
  std::jmp_buf leave{};
  std::array<char, 96> reason{};
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit PngReading(std::span<const std::byte> bytes) : rest(bytes) {}
  ~PngReading() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReading(const PngReading&) = delete;
  PngReading& operator=(const PngReading&) = delete;
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* reading = static_cast<PngReading*>(png_get_error_ptr(png));
  std::strncpy(reading->reason.data(), message, reading->reason.size() - 1);
  std::longjmp(reading->leave, 1);
}

void on_warning(png_structp, png_const_charp) {}

void take_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto* reading = static_cast<PngReading*>(png_get_io_ptr(png));
  if (count > reading->rest.size()) png_error(png, "the file ends early");
  std::memcpy(out, reading->rest.data(), count);
  reading->rest = reading->rest.subspan(count);
}

bool read_header(PngReading& reading) {
  if (setjmp(reading.leave) != 0) return false;
  reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, on_error, on_warning);
  if (reading.png == nullptr) return false;
  reading.info = png_create_info_struct(reading.png);
  if (reading.info == nullptr) return false;
  png_set_read_fn(reading.png, &reading, take_bytes);
  png_set_user_limits(reading.png, PNG_UINT_31_MAX,
                      PNG_UINT_31_MAX);  // checked by the caller, with a better message
  png_read_info(reading.png, reading.info);
  return true;
}

/// Converts rows to bytes of gray or of red, green and blue. Returns the number of channels, 0 on failure.
int set_conversions(PngReading& reading) {
  if (setjmp(reading.leave) != 0) return 0;
  const int type = png_get_color_type(reading.png, reading.info);
  png_set_strip_16(reading.png);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reading.png);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(reading.png);
  png_set_strip_alpha(reading.png);
  png_set_interlace_handling(reading.png);
  png_read_update_info(reading.png, reading.info);
  return png_get_channels(reading.png, reading.info);
}

bool read_rows(PngReading& reading, png_bytepp rows) {
  if (setjmp(reading.leave) != 0) return false;
  png_read_image(reading.png, rows);
  return true;
}

/// In the integer arithmetic of ITU-R 601, as Pillow does.
std::uint8_t gray_of(const std::uint8_t* rgb) {
  constexpr std::uint32_t red = 19595, green = 38470, blue = 7471, half = 32768;
  return static_cast<std::uint8_t>((rgb[0] * red + rgb[1] * green + rgb[2] * blue + half) >> 16);
}

std::vector<std::uint8_t> converted(const std::vector<std::uint8_t>& from, int channels, ColorMode mode) {
  const auto step = static_cast<std::size_t>(channels);
  std::vector<std::uint8_t> to;
  to.reserve(from.size() / step * static_cast<std::size_t>(mode));
  for (std::size_t i = 0; i < from.size(); i += step)
    if (mode == ColorMode::Grayscale)
      to.push_back(gray_of(&from[i]));
    else
      to.insert(to.end(), 3, from[i]);
  return to;
}

[[noreturn]] void damaged(const PngReading& reading, const std::string& origin) {
  refuse_image("KAIROS-D071", origin, "the image is damaged or incomplete", reading.reason.data(),
               "a complete PNG");
}

}  // namespace

Image decode_png(std::span<const std::byte> bytes, ColorMode mode, const std::string& origin) {
  PngReading reading(bytes);
  if (!read_header(reading)) damaged(reading, origin);
  const std::uint64_t width = png_get_image_width(reading.png, reading.info);
  const std::uint64_t height = png_get_image_height(reading.png, reading.info);
  constexpr std::uint64_t deflate_limit = 1032, bits_per_byte = 8;
  const std::uint64_t bits = std::uint64_t{png_get_bit_depth(reading.png, reading.info)} *
                             png_get_channels(reading.png, reading.info);
  check_image_size(height, width,
                   bytes.size() * deflate_limit * bits_per_byte / std::max<std::uint64_t>(bits, 1), origin);
  const int channels = set_conversions(reading);
  const std::size_t row_size = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  if ((channels != 1 && channels != 3) || png_get_rowbytes(reading.png, reading.info) != row_size)
    damaged(reading, origin);
  const bool converts = channels != static_cast<int>(mode);
  require_memory(origin, height * (row_size + (converts ? width * static_cast<std::uint64_t>(mode) : 0)));
  Image image{static_cast<std::int64_t>(height), static_cast<std::int64_t>(width), mode, {}};
  image.values.resize(row_size * height);
  std::vector<png_bytep> rows(height);
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = image.values.data() + y * row_size;
  if (!read_rows(reading, rows.data())) damaged(reading, origin);
  if (converts) image.values = converted(image.values, channels, mode);
  return image;
}

}  // namespace kairos::host
