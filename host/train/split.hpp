// SPDX-License-Identifier: MIT
// Which samples train and which are held out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kairos/host/fit.hpp"

namespace kairos::host {

/// Rows of a data set: the range [begin, end), or a list.
struct RowSet {
  std::int64_t begin = 0, end = 0;
  std::vector<std::int64_t> rows;  ///< ascending; replaces begin and end unless empty

  [[nodiscard]] std::int64_t size() const noexcept {
    return rows.empty() ? end - begin : static_cast<std::int64_t>(rows.size());
  }
  /// The row at a position in [0, size()).
  [[nodiscard]] std::int64_t at(std::int64_t position) const noexcept {
    return rows.empty() ? begin + position : rows[static_cast<std::size_t>(position)];
  }
};

struct SplitRows {
  RowSet training, validation;  ///< validation is empty if nothing is held out
};

/// Whether samples are held out of the training data.
[[nodiscard]] bool holds_out(const FitOptions& options);

/// The number of training samples is Keras', floor(samples · (1 - share)), for every Split. `classes` is the
/// class of each sample, used only for Split::Stratified. The same arguments give the same rows on every
/// machine. Throws Error(Usage) if one part would be empty.
[[nodiscard]] SplitRows split_rows(std::int64_t samples, const FitOptions& options,
                                   std::span<const std::int32_t> classes);

}  // namespace kairos::host
