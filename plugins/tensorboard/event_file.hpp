// SPDX-License-Identifier: MIT
// The event file of a run, in a directory that TensorBoard watches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "events.hpp"

namespace kairos::plugins::tensorboard {

class EventFile {
 public:
  /// Creates `directory` and a new file in it, whose name sorts after all event files there: TensorBoard
  /// reads the files in the order of their names and never returns to an earlier one. Throws kairos::Error.
  void open(const std::filesystem::path& directory);
  [[nodiscard]] bool is_open() const { return out_.is_open(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// These functions need an open file. They throw kairos::Error if writing fails.
  void write_scalar(std::string_view tag, std::int64_t step, double value);
  void write_histogram(std::string_view tag, std::int64_t step, const Histogram& histogram);
  void write_images(std::string_view tag, std::int64_t step, const Images& images);
  void write_text(std::string_view tag, std::int64_t step, std::string_view markdown);
  /// Writes TensorBoard's graph, the bytes of a GraphDef, and Keras 3's JSON.
  void write_graphs(std::string_view graph_def, std::string_view keras_json);
  /// `content` contains the bytes of an HParamsPluginData.
  void write_hparams(std::string_view tag, std::string_view content);
  void flush();

  /// For a resumed run: repeats the events of earlier files for which `keep` returns true. TensorBoard can
  /// only discard events from a step on, but curves over epochs, batches and steps share a directory. The
  /// file therefore discards all earlier events and contains the valid ones again.
  using Keep = std::function<bool(const EventFacts& event)>;
  void resume(const Keep& keep);

 private:
  void create(const std::filesystem::path& file);
  void write(std::string_view event);
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path path_;
  std::ofstream out_;
};

/// Seconds since 1970, the unit of times in events.
[[nodiscard]] double now();

/// The event files of a directory, in TensorBoard's reading order. Throws std::filesystem::filesystem_error.
[[nodiscard]] std::vector<std::filesystem::path> event_files(const std::filesystem::path& directory);

}  // namespace kairos::plugins::tensorboard
