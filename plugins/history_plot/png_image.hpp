// SPDX-License-Identifier: MIT
// Charts as a PNG image.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "../common/svg.hpp"

namespace kairos::plugins {

/// Throws kairos::Error with a way out unless this machine can draw PNG images.
void require_png();

/// The charts of svg::document as a PNG file, at twice its size, in the colours of light pages. Throws
/// kairos::Error if Cairo fails, as for more charts than an image has room for.
[[nodiscard]] std::string png_image(const std::vector<svg::Chart>& charts, std::string_view title,
                                    std::string_view label);

}  // namespace kairos::plugins
