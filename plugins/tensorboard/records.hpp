// SPDX-License-Identifier: MIT
// The frame around each message of an event file: length, check sum, data, check sum (TFRecord).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kairos::plugins::tensorboard {

/// CRC-32C (Castagnoli).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

/// As it stands in the file: rotated and shifted, so that the sum of data that holds sums stays a good one.
[[nodiscard]] std::uint32_t masked_crc32c(std::string_view bytes);

/// `data` with its frame.
[[nodiscard]] std::string make_record(std::string_view data);

/// Takes the first record off `in` and gives its data; empty if `in` is at its end, cut off or damaged.
[[nodiscard]] std::optional<std::string_view> take_record(std::string_view& in);

}  // namespace kairos::plugins::tensorboard
