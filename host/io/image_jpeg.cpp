// SPDX-License-Identifier: MIT
// JPEG by TurboJPEG, with exact arithmetic, so that every machine produces the same bytes.
#include <turbojpeg.h>

#include <memory>
#include <string_view>

#include "base/available_memory.hpp"
#include "io/image.hpp"

namespace kairos::host {

namespace {

struct Destroy {
  void operator()(void* handle) const { tjDestroy(handle); }
};

/// Cameras leave bytes between segments; every other warning means that pixels are missing or estimated.
bool is_harmless(std::string_view warning) {
  return warning.find("extraneous bytes before marker") != std::string_view::npos;
}

[[noreturn]] void damaged(tjhandle handle, const std::string& origin) {
  refuse_image("KAIROS-D071", origin, "the image is damaged or incomplete", tjGetErrorStr2(handle),
               "a complete JPEG");
}

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, ColorMode mode, const std::string& origin) {
  const std::unique_ptr<void, Destroy> handle(tjInitDecompress());
  if (!handle)
    refuse_image("KAIROS-D093", origin, "the JPEG decoder cannot be started", tjGetErrorStr2(nullptr), "");
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, sampling = 0, colors = 0;
  if (tjDecompressHeader3(handle.get(), data, bytes.size(), &width, &height, &sampling, &colors) != 0 ||
      width < 1 || height < 1)
    damaged(handle.get(), origin);
  if (colors == TJCS_CMYK || colors == TJCS_YCCK)
    refuse_image("KAIROS-D073", origin, "the image has print colours", "CMYK", "grayscale or RGB",
                 "Convert it to RGB, or remove it");
  constexpr std::uint64_t pixels_per_byte = 2048;
  check_image_size(static_cast<std::uint64_t>(height), static_cast<std::uint64_t>(width),
                   bytes.size() * pixels_per_byte, origin);
  Image image{height, width, mode, {}};
  const std::size_t size =
      static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * static_cast<std::size_t>(mode);
  require_memory(origin, size);
  image.values.resize(size);
  const int format = mode == ColorMode::Grayscale ? TJPF_GRAY : TJPF_RGB;
  if (tjDecompress2(handle.get(), data, bytes.size(), image.values.data(), width, 0, height, format,
                    TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) != 0 &&
      !(tjGetErrorCode(handle.get()) == TJERR_WARNING && is_harmless(tjGetErrorStr2(handle.get()))))
    damaged(handle.get(), origin);
  return image;
}

}  // namespace kairos::host
