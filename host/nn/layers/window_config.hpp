// SPDX-License-Identifier: MIT
// The common arguments of convolutions and pooling: sizes, strides, padding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "compute/window.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// Number of spatial dimensions. In a Window, a single dimension is that of the columns.
enum class Rank : std::size_t { One = 1, Two = 2 };

/// Causal pads only before the data, so that no step depends on later ones.
enum class Padding { Valid, Same, Causal };

/// Reads a positive integer for all dimensions, or a list with one per dimension. Empty if absent. Throws
/// Error(Model).
[[nodiscard]] std::optional<Window::Pair> read_sizes(ConfigReader& config, std::string_view key, Rank rank);
/// One of `known`; "valid" if absent. Throws Error(Model).
[[nodiscard]] Padding read_padding(ConfigReader& config,
                                   const std::vector<Padding>& known = {Padding::Valid, Padding::Same});

/// Reads kernel_size, strides and dilation_rate, of which one of the last two must be 1. Throws Error(Model).
[[nodiscard]] Window read_window(ConfigReader& config, Rank rank);
/// Writes what read_window reads, and data_format.
void write_window(const Window& window, Rank rank, nlohmann::json& config);

[[nodiscard]] nlohmann::json sizes_json(const Window::Pair& sizes, Rank rank);
[[nodiscard]] const char* padding_name(Padding padding) noexcept;

/// Sets input, padding and output of `window` as TensorFlow does: if "same" needs odd padding, the larger
/// half is after the data. The last dimension of `shape` is the channels. False if no window fits.
[[nodiscard]] bool place_window(Window& window, Padding padding, Rank rank, const Shape& shape);

/// The output shape with that many channels.
[[nodiscard]] Shape window_output(const Window& window, Rank rank, std::int64_t channels);

/// A sample of one to three dimensions, besides the channels: "(length, channels)".
[[nodiscard]] const char* sample_noun(std::size_t dimensions) noexcept;
[[nodiscard]] inline const char* sample_noun(Rank rank) noexcept {
  return sample_noun(static_cast<std::size_t>(rank));
}

}  // namespace kairos::host
