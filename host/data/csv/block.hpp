// SPDX-License-Identifier: MIT
// Counts line ends in a block of some hundred characters at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kairos::host {

struct CsvBlock {
  std::uint32_t line_feeds;
  bool plain;  ///< no quote, and no carriage return without a line feed
};

constexpr std::size_t csv_block_size = 512;

/// Inspects the `csv_block_size` characters at `text`, and the one after them.
using LookAtCsvBlock = CsvBlock (*)(const char* text);

/// The fastest implementation for this processor.
[[nodiscard]] LookAtCsvBlock best_look_at_csv_block() noexcept;

/// The same for up to `csv_block_size` characters, one at a time.
[[nodiscard]] CsvBlock look_at_csv_text(const char* text, std::size_t size) noexcept;

}  // namespace kairos::host
