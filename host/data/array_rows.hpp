// SPDX-License-Identifier: MIT
// Rows of a file of one array, read when they are needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kairos::host {

class ArrayRows {
 public:
  virtual ~ArrayRows() = default;

  [[nodiscard]] virtual const std::vector<std::int64_t>& shape() const = 0;

  /// Writes rows [first, first + count) to `out`. `scratch` is the caller's, so that several threads may read
  /// and none allocates for each piece. Throws Error(Data), Error(File).
  using Scratch = std::vector<char>;
  virtual void read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const = 0;
};

/// Whether a table is one array of several columns, or has to be a single column.
enum class ArrayWidth { Table, Column };

/// Opens a .npy in C order or a CSV. Throws Error(Data) for another kind of file, or what its header shows to
/// be wrong; Error(File).
[[nodiscard]] std::unique_ptr<ArrayRows> open_array_rows(const std::string& file, ArrayWidth width);

}  // namespace kairos::host
