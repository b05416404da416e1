// SPDX-License-Identifier: MIT
// Takes the place of the picture readers in a build without their libraries.
#include "io/image.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

bool is_image_name(const std::filesystem::path&) {
  return true;  // so that reading is tried, and says what is missing
}

Image read_image(InputFile& file, ColorMode) {
  throw Error(ErrorKind::Data, {"KAIROS-D074", file.name(), "this build of Kairos reads no pictures", "",
                                "a build with libpng-dev and libturbojpeg0-dev",
                                "Install them and build with -DKAIROS_WITH_IMAGES=ON"});
}

}  // namespace kairos::host
