// SPDX-License-Identifier: MIT
// Rows of a file that are best read many at a time, kept for those who ask for single ones.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace kairos::host {

/// Bands of `height` rows each, as many as fit into `budget` bytes; the oldest makes room for a new one. At
/// least one is kept if it fits at all. Several threads may read, and wait for each other.
class RowBands {
 public:
  RowBands(std::int64_t rows, std::int64_t row_size, std::int64_t height, std::uint64_t budget);

  /// Whether all rows stay once they were read.
  [[nodiscard]] bool hold_all() const noexcept { return room_ >= bands_; }
  /// Bytes of values that are kept at most.
  [[nodiscard]] std::uint64_t bytes() const noexcept;

  /// Writes `count` rows from row `first` on to `out`. `source` reads such rows from the file.
  using Source = std::function<void(std::int64_t first, std::int64_t count, float* out)>;
  void read(std::int64_t first, std::int64_t count, float* out, const Source& source);

 private:
  [[nodiscard]] std::int64_t rows_of(std::int64_t band) const noexcept;
  /// The values of a band; null if it could not be read as a whole.
  const float* band(std::int64_t band, const Source& source);

  std::int64_t rows_, row_size_, height_, bands_;
  std::int64_t room_ = 0;  ///< bands that are kept
  std::mutex mutex_;
  std::vector<std::int64_t> place_;  ///< of each band: its slot, or -1
  std::vector<std::int64_t> holds_;  ///< of each slot: its band, or -1
  std::vector<std::vector<float>> slots_;
  std::size_t oldest_ = 0;
};

}  // namespace kairos::host
