// SPDX-License-Identifier: MIT
// An event file of its own for each run, in a directory that TensorBoard watches.
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
  /// Makes `directory` and, in it, a new file whose name comes after those of all event files there:
  /// TensorBoard reads one file after the other in the order of their names and never returns to an earlier
  /// one. Throws kairos::Error.
  void open(const std::filesystem::path& directory);
  [[nodiscard]] bool is_open() const { return out_.is_open(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Each throws kairos::Error where the disk takes no more. Not before open.
  void write_scalar(std::string_view tag, std::int64_t step, double value);
  void write_histogram(std::string_view tag, std::int64_t step, const Histogram& histogram);
  void write_images(std::string_view tag, std::int64_t step, const Images& images);
  /// The graph of TensorBoard's own kind, the bytes of a GraphDef, and Keras 3's JSON beside it.
  void write_graphs(std::string_view graph_def, std::string_view keras_json);
  /// `content` is the bytes of an HParamsPluginData.
  void write_hparams(std::string_view tag, std::string_view content);
  void flush();

  /// For a run that goes on where an earlier one was saved. Whether an event of the earlier run still counts
  /// is for `keep` to say. TensorBoard can forget only by step, while curves over epochs, batches and steps
  /// share a directory: so it is told to forget everything, and what counts is written once more.
  using Keep = std::function<bool(const EventFacts& event)>;
  void resume(const Keep& keep);

 private:
  void write(std::string_view event);
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path path_;
  std::ofstream out_;
};

/// Seconds since 1970, as events carry them.
[[nodiscard]] double now();

/// The event files of a directory in the order in which TensorBoard reads them. Throws
/// std::filesystem::filesystem_error.
[[nodiscard]] std::vector<std::filesystem::path> event_files(const std::filesystem::path& directory);

}  // namespace kairos::plugins::tensorboard
