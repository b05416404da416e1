// SPDX-License-Identifier: MIT
// The fast path for rows that contain only plain numbers, as most of a CSV does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/csv/columns.hpp"

namespace kairos::host {

/// The position of the next row, for each of `CsvColumns::sinks`.
using RowPlaces = std::array<float*, most_csv_sinks>;

/// Bytes of a text that must be readable before and after the part that is read as plain rows; their values
/// do not matter.
constexpr std::size_t plain_rows_room = 64;

/// The destination of a field, by the number of its column.
struct FieldPlace {
  std::uint32_t sink;  ///< unused_field if there is none
  std::uint32_t slot;
};
constexpr std::uint32_t unused_field = UINT32_MAX;

/// Reads rows whose fields are all decimal numbers of up to 19 digits, with an exponent of two digits or
/// none, and whose lines end in a line feed. The values equal those of std::from_chars bit for bit. All other
/// rows are left to CsvRows, which can report errors.
class PlainRows {
 public:
  PlainRows(const CsvColumns& columns, char delimiter);

  /// Whether this processor has the required instructions (AVX2 and FMA).
  [[nodiscard]] static bool are_fast() noexcept;

  struct Read {
    const char* stop;   ///< after the last of them
    std::int64_t rows;  ///< fewer than requested if the next one is not plain
  };
  /// Reads up to `count` rows of [text, end) and advances `places`. Memory after them may be overwritten, up
  /// to the size of a row.
  Read read(const char* text, const char* end, std::int64_t count, RowPlaces& places) const;

 private:
  char delimiter_;
  bool in_order_ = true;  ///< every column goes to the only sink, in order
  std::vector<FieldPlace> columns_;
  std::vector<std::size_t> widths_;  ///< of the sinks
};

}  // namespace kairos::host
