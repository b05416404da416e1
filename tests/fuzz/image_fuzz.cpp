// SPDX-License-Identifier: MIT
// An image, PNG or JPEG, in colour and in grayscale.
#include "io/image.hpp"

#include "fuzz.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  for (const host::ColorMode mode : {host::ColorMode::Rgb, host::ColorMode::Grayscale})
    fuzz::expect_value_or_diagnosis([&] {
      host::InputFile picture(file.path());
      static_cast<void>(host::read_image(picture, mode));
    });
  return 0;
}
