// SPDX-License-Identifier: MIT
// A cache of rows that are read in bands and requested one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace kairos::host {

/// Bands of `height` rows each, as many as fit into `budget` bytes; the oldest is replaced by a new one.
/// Thread-safe; readers wait for each other.
class RowBands {
 public:
  RowBands(std::int64_t rows, std::int64_t row_size, std::int64_t height, std::uint64_t budget);

  /// Whether all rows stay in memory once they are read.
  [[nodiscard]] bool hold_all() const noexcept { return room_ >= bands_; }
  /// The largest number of bytes that are kept.
  [[nodiscard]] std::uint64_t bytes() const noexcept;

  /// Writes `count` rows, starting at row `first`, to `out`. `source` reads rows from the file.
  using Source = std::function<void(std::int64_t first, std::int64_t count, float* out)>;
  void read(std::int64_t first, std::int64_t count, float* out, const Source& source);

 private:
  [[nodiscard]] std::int64_t rows_of(std::int64_t band) const noexcept;
  /// The values of a band; null if it could not be read as a whole.
  const float* band(std::int64_t band, const Source& source);

  std::int64_t rows_, row_size_, height_, bands_;
  std::int64_t room_ = 0;  ///< number of bands that are kept
  std::mutex mutex_;
  std::vector<std::int64_t> place_;  ///< slot of each band, or -1
  std::vector<std::int64_t> holds_;  ///< band in each slot, or -1
  std::vector<std::vector<float>> slots_;
  std::size_t oldest_ = 0;
};

}  // namespace kairos::host
