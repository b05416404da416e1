// SPDX-License-Identifier: MIT
// The messages of an event file, as bytes. Protobuf stays behind this header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins::tensorboard {

/// The first message of every file. `wall_time` is in seconds since 1970.
[[nodiscard]] std::string file_version_event(double wall_time);

/// One number of one curve, in the style of TensorFlow 2.
[[nodiscard]] std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag,
                                       float value);

/// Tells TensorBoard to forget what it has read of this directory from `step` on.
[[nodiscard]] std::string session_start_event(double wall_time, std::int64_t step);

/// What a message is, as far as it matters when a run is resumed.
struct EventFacts {
  std::int64_t step = 0;
  bool session_start = false;
  std::vector<std::string> tags;  ///< of its summaries
};

/// Empty for bytes that are no such message.
[[nodiscard]] std::optional<EventFacts> read_event(std::string_view bytes);

}  // namespace kairos::plugins::tensorboard
