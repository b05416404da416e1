// SPDX-License-Identifier: MIT
// Which samples are trained on and which are held out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kairos/host/fit.hpp"

namespace kairos::host {

/// Rows of a data set: all of [begin, end), or those in a list.
struct RowSet {
  std::int64_t begin = 0, end = 0;
  std::vector<std::int64_t> rows;  ///< ascending, in place of begin and end; empty for none

  [[nodiscard]] std::int64_t size() const noexcept {
    return rows.empty() ? end - begin : static_cast<std::int64_t>(rows.size());
  }
  /// The row at a position in [0, size()).
  [[nodiscard]] std::int64_t at(std::int64_t position) const noexcept {
    return rows.empty() ? begin + position : rows[static_cast<std::size_t>(position)];
  }
};

struct SplitRows {
  RowSet training, validation;  ///< validation has no rows if nothing is held out
};

/// Whether `options` ask for samples to be held out of the training data.
[[nodiscard]] bool holds_out(const FitOptions& options);

/// Keras' count of training samples, floor(samples · (1 - share)), whichever they are. `classes` has the
/// class of each sample for Split::Stratified, and is not looked at else. The same arguments give the same
/// rows on every machine. Throws Error(Usage) if one part would be empty.
[[nodiscard]] SplitRows split_rows(std::int64_t samples, const FitOptions& options,
                                   std::span<const std::int32_t> classes);

}  // namespace kairos::host
