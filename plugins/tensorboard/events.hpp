// SPDX-License-Identifier: MIT
// The messages of an event file, as bytes. This header does not depend on protobuf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "histogram.hpp"
#include "image.hpp"

namespace kairos::plugins::tensorboard {

/// Name and time of a point. `wall_time` is in seconds since 1970.
struct Point {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string_view tag;
};

/// The first message of every file.
[[nodiscard]] std::string file_version_event(double wall_time);

/// One point of a curve, in TensorFlow 2's format, like the two functions below.
[[nodiscard]] std::string scalar_event(const Point& point, float value);
[[nodiscard]] std::string histogram_event(const Point& point, const Histogram& histogram);
[[nodiscard]] std::string image_event(const Point& point, const Images& images);

/// A text in Markdown.
[[nodiscard]] std::string text_event(const Point& point, std::string_view markdown);

/// The model for TensorBoard's conceptual graph: Keras 3's JSON.
[[nodiscard]] std::string keras_graph_event(const Point& point, std::string_view json);

/// `graph_def` contains the bytes of a GraphDef. It has no tag, because a directory has one graph.
[[nodiscard]] std::string graph_event(double wall_time, std::string_view graph_def);

/// `content` contains the bytes of an HParamsPluginData.
[[nodiscard]] std::string hparams_event(const Point& point, std::string_view content);

/// Tells TensorBoard to discard the events of this directory from `step` on.
[[nodiscard]] std::string session_start_event(double wall_time, std::int64_t step);

/// The properties of a message that a resumed run needs.
struct EventFacts {
  std::int64_t step = 0;
  bool session_start = false;
  std::string tag;     ///< tag of its summary; "" if it has none
  std::string plugin;  ///< "scalars", "histograms", …
};

/// Empty if the bytes are not an event message.
[[nodiscard]] std::optional<EventFacts> read_event(std::string_view bytes);

}  // namespace kairos::plugins::tensorboard
