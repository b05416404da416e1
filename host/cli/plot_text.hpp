// SPDX-License-Identifier: MIT
// Charts as lines of text.
#pragma once

#include <cstddef>
#include <string>

#include "cli/plot_curves.hpp"

namespace kairos::host::cli {

struct TextStyle {
  std::size_t columns;  ///< width of each line, at least 20
  std::size_t rows;     ///< of the chart with its title and axis, at least 6
  bool braille;         ///< else ASCII: '*' for the first curve, 'o' for the second
};

/// A title with the legend, the chart, and the axis of epochs. Lines end in a line break and are not padded.
[[nodiscard]] std::string text_of(const Chart& chart, const TextStyle& style);

}  // namespace kairos::host::cli
