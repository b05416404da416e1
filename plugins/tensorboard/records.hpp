// SPDX-License-Identifier: MIT
// The frame around each message of an event file (TFRecord): length, checksum, data, checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kairos::plugins::tensorboard {

/// CRC-32C (Castagnoli).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

/// The checksum as stored in the file: rotated and offset, so that data may contain checksums.
[[nodiscard]] std::uint32_t masked_crc32c(std::string_view bytes);

/// `data` with its frame.
[[nodiscard]] std::string make_record(std::string_view data);

/// Removes the first record from `in` and returns its data; empty if `in` is at its end, truncated or
/// damaged.
[[nodiscard]] std::optional<std::string_view> take_record(std::string_view& in);

}  // namespace kairos::plugins::tensorboard
