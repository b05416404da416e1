// SPDX-License-Identifier: MIT
// The arguments that convolutions and poolings share: sizes, strides, padding.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "compute/window.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// One dimension or two; in a Window the one dimension is that of the columns.
enum class Rank : std::size_t { One = 1, Two = 2 };

/// Causal has its whole margin in front, so that no step sees a later one.
enum class Padding { Valid, Same, Causal };

/// A positive number for all dimensions, or a list of one for each. Empty if absent. Throws Error(Model).
[[nodiscard]] std::optional<Window::Pair> read_sizes(ConfigReader& config, std::string_view key, Rank rank);
/// One of `known`; "valid" if absent. Throws Error(Model).
[[nodiscard]] Padding read_padding(ConfigReader& config,
                                   const std::vector<Padding>& known = {Padding::Valid, Padding::Same});

[[nodiscard]] nlohmann::json sizes_json(const Window::Pair& sizes, Rank rank);
[[nodiscard]] const char* padding_name(Padding padding) noexcept;

/// Sets input, margins and output of `window` as TensorFlow does: where "same" needs an odd margin, the
/// larger half is behind. `shape` ends in the channels. False if no window fits.
[[nodiscard]] bool place_window(Window& window, Padding padding, Rank rank, const Shape& shape);

/// What comes out with that many channels.
[[nodiscard]] Shape window_output(const Window& window, Rank rank, std::int64_t channels);

/// The dimensions of a sample: "(length, channels)".
[[nodiscard]] const char* sample_noun(Rank rank) noexcept;

}  // namespace kairos::host
