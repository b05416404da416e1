// SPDX-License-Identifier: MIT
// Reads sizes of volumes, and fits windows to them.
#include "nn/layers/volume_config.hpp"

#include <nlohmann/json.hpp>

namespace kairos::host {

std::optional<VolumeSizes> read_volume_sizes(ConfigReader& config, std::string_view key) {
  constexpr std::int64_t largest_size = 1 << 20;
  const nlohmann::json* const value = config.take(key);
  if (value == nullptr) return std::nullopt;
  const char* const expected = "a positive integer, or a list of 3";
  if (value->is_array() && value->size() != 3) config.bad_value(key, expected);
  VolumeSizes sizes{};
  for (std::size_t i = 0; i < 3; ++i) {
    const nlohmann::json& one = value->is_array() ? value->at(i) : *value;
    if (!one.is_number_integer() || one < 1 || one > largest_size) config.bad_value(key, expected);
    sizes[i] = one.get<std::int64_t>();
  }
  return sizes;
}

std::optional<VolumeWindow> place_volume(const VolumeArguments& a, const Shape& shape) {
  VolumeWindow window;
  window.depth.size[1] = a.size[0];
  window.depth.stride[1] = a.stride[0];
  window.depth.dilation[1] = a.dilation[0];
  window.plane.size = {a.size[1], a.size[2]};
  window.plane.stride = {a.stride[1], a.stride[2]};
  window.plane.dilation = {a.dilation[1], a.dilation[2]};
  if (!place_window(window.depth, a.padding, Rank::One, {shape[0], shape[3]}) ||
      !place_window(window.plane, a.padding, Rank::Two, {shape[1], shape[2], shape[3]}))
    return std::nullopt;
  return window;
}

Shape volume_output(const VolumeWindow& window, std::int64_t channels) {
  return {window.depth.output[1], window.plane.output[0], window.plane.output[1], channels};
}

}  // namespace kairos::host
