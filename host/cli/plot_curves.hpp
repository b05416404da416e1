// SPDX-License-Identifier: MIT
// The curves of a run, and the ticks of their axes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kairos/host/history.hpp"

namespace kairos::host::cli {

/// One line of a chart. A value that is missing or not finite interrupts it.
struct Curve {
  std::string name;  ///< printable
  std::vector<std::optional<double>> values;
};

/// Curves that share an axis: a metric, and the same of the validation.
struct Chart {
  std::string title;
  std::vector<std::int64_t> epochs;  ///< counted from 1
  std::vector<Curve> curves;
};

/// One chart per metric, in the order of the History: "loss" with "val_loss". Keys without any finite value
/// are left out.
[[nodiscard]] std::vector<Chart> charts_of(const History& history);

struct Range {
  double low, high;

  /// Where the value lies from 0 to 1. Halves, because the difference of two doubles may be infinite.
  [[nodiscard]] double part(double value) const;
};
/// From the least to the greatest value, never empty.
[[nodiscard]] Range range_of(const Chart& chart);

/// From the first to the last epoch, in whatever order they are.
[[nodiscard]] Range epochs_of(const Chart& chart);

/// Round numbers (1, 2 or 5 times a power of ten apart), at least one and about `wanted` of them, in the
/// range.
[[nodiscard]] std::vector<double> ticks(Range range, std::size_t wanted);
/// The same for epochs, which are whole.
[[nodiscard]] std::vector<double> epoch_ticks(Range range, std::size_t wanted);

/// "0.25", "1e-05"
[[nodiscard]] std::string tick_text(double value);

}  // namespace kairos::host::cli
