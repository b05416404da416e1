// SPDX-License-Identifier: MIT
// Times for messages.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>

#include "text.hpp"

namespace kairos::plugins {

/// "1h 05m 09s", "5m 09s", "9s", or "0.25s" below ten seconds.
[[nodiscard]] inline std::string duration_text(std::chrono::duration<double> time) {
  const double all = time.count();
  if (all < 10) return shortest(std::round(all * 100) / 100) + 's';
  const auto seconds = static_cast<std::int64_t>(std::llround(all));
  const auto two = [](std::int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  if (seconds < 60) return std::to_string(seconds) + 's';
  if (seconds < 3600) return std::to_string(seconds / 60) + "m " + two(seconds % 60) + 's';
  return std::to_string(seconds / 3600) + "h " + two(seconds / 60 % 60) + "m " + two(seconds % 60) + 's';
}

}  // namespace kairos::plugins
