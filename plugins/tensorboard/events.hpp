// SPDX-License-Identifier: MIT
// The messages of an event file, as bytes. Protobuf stays behind this header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "histogram.hpp"
#include "image.hpp"

namespace kairos::plugins::tensorboard {

/// When and under which name something is shown. `wall_time` is in seconds since 1970.
struct Point {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string_view tag;
};

/// The first message of every file.
[[nodiscard]] std::string file_version_event(double wall_time);

/// One number of one curve, in the style of TensorFlow 2, as are the two below.
[[nodiscard]] std::string scalar_event(const Point& point, float value);
[[nodiscard]] std::string histogram_event(const Point& point, const Histogram& histogram);
[[nodiscard]] std::string image_event(const Point& point, const Images& images);

/// The model as TensorBoard's conceptual graph knows it: Keras 3's JSON.
[[nodiscard]] std::string keras_graph_event(const Point& point, std::string_view json);

/// `graph_def` is the bytes of a GraphDef; there is one graph for each directory, so it has no tag.
[[nodiscard]] std::string graph_event(double wall_time, std::string_view graph_def);

/// `content` is the bytes of an HParamsPluginData.
[[nodiscard]] std::string hparams_event(const Point& point, std::string_view content);

/// Tells TensorBoard to forget what it has read of this directory from `step` on.
[[nodiscard]] std::string session_start_event(double wall_time, std::int64_t step);

/// What a message is, as far as it matters when a run is resumed.
struct EventFacts {
  std::int64_t step = 0;
  bool session_start = false;
  std::string tag;     ///< of its summary; "" if it has none
  std::string plugin;  ///< "scalars", "histograms", …
};

/// Empty for bytes that are no such message.
[[nodiscard]] std::optional<EventFacts> read_event(std::string_view bytes);

}  // namespace kairos::plugins::tensorboard
