// SPDX-License-Identifier: MIT
// Rows of nothing but plain numbers, which nearly all of a CSV is: the fast way through them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/csv/columns.hpp"

namespace kairos::host {

/// Where the next row goes, for each of `CsvColumns::sinks`.
using RowPlaces = std::array<float*, most_csv_sinks>;

/// How much of a text there must be in memory before and behind what is read as plain rows: the characters
/// do not matter.
constexpr std::size_t plain_rows_room = 64;

/// Where a field goes, by the number of its column.
struct FieldPlace {
  std::uint32_t sink;  ///< unused_field if nowhere
  std::uint32_t slot;
};
constexpr std::uint32_t unused_field = UINT32_MAX;

/// Reads rows whose fields are all decimal numbers of up to 19 digits, with an exponent of two digits or
/// none, and whose lines end in a line feed. The values are those of std::from_chars, to the bit. Leaves
/// everything else to who can say what is wrong with it.
class PlainRows {
 public:
  PlainRows(const CsvColumns& columns, char delimiter);

  /// Whether this processor has the instructions for it (AVX2 and FMA).
  [[nodiscard]] static bool are_fast() noexcept;

  struct Read {
    const char* stop;   ///< behind the last of them
    std::int64_t rows;  ///< fewer than asked for if the next one is not plain
  };
  /// Reads up to `count` rows of [text, end) and moves `places` on. Places behind those may be overwritten,
  /// as far as a row reaches.
  Read read(const char* text, const char* end, std::int64_t count, RowPlaces& places) const;

 private:
  char delimiter_;
  bool in_order_ = true;  ///< every column goes to the only sink, one after the other
  std::vector<FieldPlace> columns_;
  std::vector<std::size_t> widths_;  ///< of the sinks
};

}  // namespace kairos::host
