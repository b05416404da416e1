// SPDX-License-Identifier: MIT
// Charts as an SVG image.
#pragma once

#include <span>
#include <string>

#include "cli/plot_curves.hpp"

namespace kairos::host::cli {

/// The charts below each other, with axes, ticks and a legend. Names are escaped.
[[nodiscard]] std::string svg_of(std::span<const Chart> charts, const std::string& title);

}  // namespace kairos::host::cli
