// SPDX-License-Identifier: MIT
// HistoryPlot's PNG images, read back with libpng.
#include <png.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../../plugins/common/opened_library.hpp"
#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::Fit;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

/// Pixels of one byte for each of red, green and blue.
struct Picture {
  explicit Picture(const std::string& file) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    REQUIRE(png_image_begin_read_from_memory(&image, file.data(), file.size()) != 0);
    image.format = PNG_FORMAT_RGB;
    bytes.resize(PNG_IMAGE_SIZE(image));
    REQUIRE(png_image_finish_read(&image, nullptr, bytes.data(), 0, nullptr) != 0);
    width = image.width;
    height = image.height;
  }
  [[nodiscard]] std::uint32_t at(std::size_t x, std::size_t y) const {
    const std::size_t i = 3 * (y * width + x);
    return static_cast<std::uint32_t>(bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]);
  }
  /// Pixels that are not white, of rows from `y` to `end`.
  [[nodiscard]] int drawn(std::size_t y, std::size_t end) const {
    int count = 0;
    for (; y < end; ++y)
      for (std::size_t x = 0; x < width; ++x) count += at(x, y) != 0xffffff ? 1 : 0;
    return count;
  }
  std::size_t width = 0, height = 0;
  std::vector<png_byte> bytes;
};

Picture picture_of(const std::vector<std::vector<double>>& epochs, const std::string& title = "run") {
  const TemporaryDirectory dir;
  Fit fit(loaded("history_plot", "kairos.HistoryPlot"), {{"filename", (dir / "new/h.png").string()}});
  for (const char* key : {"loss", "accuracy", "val_loss"}) fit.host().log(key, {});
  const std::string run_dir = "/runs/" + title;
  fit.run_event().run_dir = {run_dir.data(), run_dir.size()};
  for (const std::vector<double>& values : epochs)
    fit.epoch({{"loss", values[0]}, {"accuracy", 0.5}, {"val_loss", values[1]}});
  return Picture(content_of(dir / "new/h.png"));
}

}  // namespace

TEST_CASE("HistoryPlot draws its curves as PNG, where the SVG image has them", "[plugins]") {
  const Picture picture = picture_of({{4, 2}, {1, 3}});
  REQUIRE(picture.width == 2 * 720);
  REQUIRE(picture.height == 2 * (44 + 2 * 320));
  // A quarter of the way from (76, 104) to (696, 316), the values 4 and 1, and of that of 2 and 3.
  CHECK(picture.at(2 * 231, 2 * 157) == 0x0072b2);
  CHECK(picture.at(2 * 231, 2 * 228) == 0xd55e00);
  CHECK(picture.at(2 * 231, 2 * 190) == 0xffffff);
  CHECK(picture.at(2 * 80, 2 * (44 + 40)) == 0x0072b2);  // the legend
  CHECK(picture.drawn(0, 80) > 50);                      // the title
}

TEST_CASE("HistoryPlot draws a single epoch as dots in PNG", "[plugins]") {
  const Picture picture = picture_of({{4, 2}});
  CHECK(picture.at(2 * 386, 2 * 104) == 0x0072b2);
  CHECK(picture.at(2 * 386, 2 * 316) == 0xd55e00);
}

TEST_CASE("HistoryPlot draws titles that are no UTF-8 in PNG", "[plugins]") {
  const Picture good = picture_of({{4, 2}}, "???");
  for (const char* title : {"\xff\xc0\x80", "\xed\xa0\x80", "\xf5?\x01"}) {
    CHECK(picture_of({{4, 2}}, title).bytes == good.bytes);
  }
  CHECK(picture_of({{4, 2}}, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80").drawn(0, 80) > 10);
}

TEST_CASE("A library that is missing is named, with what to do", "[plugins]") {
  CHECK_THROWS_WITH(kairos::plugins::OpenedLibrary("libnone.so.7", "Install it"),
                    Contains("cannot open libnone.so.7: ") && Contains(". Install it"));
}
