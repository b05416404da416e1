// SPDX-License-Identifier: MIT
// The sizes of windows over volumes: depth, rows and columns.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "compute/window.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

using VolumeSizes = std::array<std::int64_t, 3>;

/// Reads a positive integer for all dimensions, or a list of three. Empty if absent. Throws Error(Model).
[[nodiscard]] std::optional<VolumeSizes> read_volume_sizes(ConfigReader& config, std::string_view key);

struct VolumeArguments {
  VolumeSizes size{1, 1, 1};
  VolumeSizes stride{1, 1, 1};
  VolumeSizes dilation{1, 1, 1};
  Padding padding = Padding::Valid;
};

/// As place_window. The last dimension of `shape` is the channels. Empty if no window fits.
[[nodiscard]] std::optional<VolumeWindow> place_volume(const VolumeArguments& arguments, const Shape& shape);

/// The output shape with that many channels.
[[nodiscard]] Shape volume_output(const VolumeWindow& window, std::int64_t channels);

}  // namespace kairos::host
