// SPDX-License-Identifier: MIT
// Looks for line ends in some hundred characters at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kairos::host {

struct CsvBlock {
  std::uint32_t line_feeds;
  bool plain;  ///< neither a quote nor a carriage return that stands without a line feed
};

constexpr std::size_t csv_block_size = 512;

/// Looks at the `csv_block_size` characters at `text` and at the one behind them.
using LookAtCsvBlock = CsvBlock (*)(const char* text);

/// The fastest one for this processor.
[[nodiscard]] LookAtCsvBlock best_look_at_csv_block() noexcept;

/// The same for up to `csv_block_size` characters, one by one.
[[nodiscard]] CsvBlock look_at_csv_text(const char* text, std::size_t size) noexcept;

}  // namespace kairos::host
