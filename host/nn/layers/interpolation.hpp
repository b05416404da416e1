// SPDX-License-Identifier: MIT
// The argument "interpolation" of layers that resize images.
#pragma once

#include <string>
#include <string_view>

#include "compute/resampling.hpp"
#include "nn/keras/config_reader.hpp"

namespace kairos::host {

/// "nearest" or "bilinear". Throws Error(Model) for Keras' other names.
[[nodiscard]] inline Interpolation read_interpolation(ConfigReader& config, std::string_view fallback) {
  const std::string name = config.text("interpolation", fallback);
  if (name == "nearest") return Interpolation::Nearest;
  if (name == "bilinear") return Interpolation::Bilinear;
  config.bad_value("interpolation", "nearest or bilinear", "Use one of these");
}

[[nodiscard]] inline const char* interpolation_name(Interpolation interpolation) noexcept {
  return interpolation == Interpolation::Nearest ? "nearest" : "bilinear";
}

}  // namespace kairos::host
