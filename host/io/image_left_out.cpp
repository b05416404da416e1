// SPDX-License-Identifier: MIT
// Replaces the image readers in a build without their libraries.
#include "io/image.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

Image read_image(InputFile& file, ColorMode) {
  throw Error(ErrorKind::Data, {"KAIROS-D074", file.name(), "this build of Kairos cannot read images", "",
                                "a build with libpng-dev and libturbojpeg0-dev",
                                "Install them and build with -DKAIROS_WITH_IMAGES=ON"});
}

}  // namespace kairos::host
