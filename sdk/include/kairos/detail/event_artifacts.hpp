// SPDX-License-Identifier: MIT
// The part of kairos::Event about artifacts (kairos.artifacts/1) and facts of the run (kairos.info/1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/detail/event_runs.hpp"

namespace kairos {
inline namespace v1 {

/// Lists of `Event::info`.
enum class Info : std::int32_t {
  Settings = KAIROS_INFO_SETTINGS,        ///< in effect: name and value, without secrets
  Environment = KAIROS_INFO_ENVIRONMENT,  ///< versions and machine: name and value
  Classes = KAIROS_INFO_CLASSES,          ///< names by number; no values
  Columns = KAIROS_INFO_COLUMNS  ///< of the inputs from a table: name of the column, name of the input
};
using InfoEntries = std::vector<std::pair<std::string, std::string>>;

namespace detail {

/// Names as a table of the ABI has them. A control character in a name becomes a space.
inline std::string joined_lines(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (&name != &names.front()) text += '\n';
    for (const char c : name) text += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
  }
  return text;
}

/// What is published goes to every other callback with the hook on_artifact, after all hooks of the event. A
/// function throws KAIROS_E_INVALID for names, texts and shapes that do not fit, KAIROS_E_BUSY beyond 64 MiB
/// in one event, and KAIROS_E_STATE in on_artifact.
class EventArtifacts : public EventRuns {
 public:
  using EventRuns::EventRuns;

  /// Whether another callback takes artifacts: ask before computing one. False in a host without
  /// kairos.artifacts/1.
  [[nodiscard]] bool artifacts_wanted() const {
    return interfaces_.artifacts != nullptr && interfaces_.artifacts->wanted(call_) != 0;
  }
  /// Publishes a text: "text/plain", "text/markdown", "application/json" or "image/svg+xml".
  void publish_text(std::string_view name, std::string_view text,
                    std::string_view media_type = "text/plain") {
    kairos_artifact artifact = artifact_of(KAIROS_ARTIFACT_TEXT, name);
    artifact.text = to_abi(text);
    artifact.media_type = to_abi(media_type);
    publish_artifact(artifact);
  }
  /// Publishes an image of height × width pixels of 1 (grey), 3 (RGB) or 4 (RGBA) bytes, row by row.
  void publish_image(std::string_view name, const std::vector<std::uint8_t>& pixels, std::int64_t height,
                     std::int64_t width, std::int64_t channels) {
    std::int64_t shape[] = {height, width, channels};
    require_count(pixels.size(), height, width, channels);
    kairos_artifact artifact = artifact_of(KAIROS_ARTIFACT_IMAGE, name);
    // The host only reads.
    artifact.data = {const_cast<std::uint8_t*>(pixels.data()), {1, 0}, 3, {1, 8, 1}, shape, nullptr, 0};
    publish_artifact(artifact);
  }
  /// Publishes a histogram: counts[i] values lie between edges[i] and edges[i + 1].
  void publish_histogram(std::string_view name, const std::vector<double>& edges,
                         const std::vector<double>& counts) {
    if (counts.empty() || edges.size() != counts.size() + 1)
      throw Error(KAIROS_E_INVALID, "a histogram needs one edge more than counts, and one count at least");
    std::vector<double> both = edges;
    both.insert(both.end(), counts.begin(), counts.end());
    both.push_back(0);
    std::int64_t shape[] = {2, static_cast<std::int64_t>(edges.size())};
    publish_numbers(KAIROS_ARTIFACT_HISTOGRAM, name, both, shape, {}, {});
  }
  /// Publishes a table of numbers, row by row. Names may be omitted.
  void publish_table(std::string_view name, const std::vector<double>& values, std::int64_t rows,
                     std::int64_t columns, const std::vector<std::string>& row_names = {},
                     const std::vector<std::string>& column_names = {}) {
    std::int64_t shape[] = {rows, columns};
    require_count(values.size(), rows, columns, 1);
    publish_numbers(KAIROS_ARTIFACT_TABLE, name, values, shape, joined_lines(row_names),
                    joined_lines(column_names));
  }
  /// Publishes a file that is complete, by its absolute path.
  void publish_file(std::string_view name, std::string_view path, std::string_view media_type = "") {
    kairos_artifact artifact = artifact_of(KAIROS_ARTIFACT_FILE, name);
    artifact.text = to_abi(path);
    artifact.media_type = to_abi(media_type);
    publish_artifact(artifact);
  }

  /// A list of facts about the run; empty if the training loop does not tell it.
  [[nodiscard]] InfoEntries info(Info list) const {
    InfoEntries entries;
    if (interfaces_.info == nullptr) return entries;
    const auto number = static_cast<std::int32_t>(list);
    const std::uint32_t count = interfaces_.info->count(call_, number);
    for (std::uint32_t i = 0; i < count; ++i) {
      kairos_str name{}, value{};
      check(interfaces_.info->entry(call_, number, i, &name, &value), "reading a fact of the run");
      entries.emplace_back(from_abi(name), from_abi(value));
    }
    return entries;
  }

 private:
  static kairos_artifact artifact_of(std::int32_t kind, std::string_view name) {
    kairos_artifact artifact{};
    artifact.size = sizeof artifact;
    artifact.kind = kind;
    artifact.name = to_abi(name);
    return artifact;
  }
  static void require_count(std::size_t count, std::int64_t a, std::int64_t b, std::int64_t c) {
    const bool fits = a > 0 && b > 0 && c > 0 &&
                      static_cast<double>(count) ==
                          static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
    if (!fits)
      throw Error(KAIROS_E_INVALID, std::to_string(count) + " values do not fill the shape [" +
                                        std::to_string(a) + ", " + std::to_string(b) + ", " +
                                        std::to_string(c) + "] of an artifact");
  }
  void publish_numbers(std::int32_t kind, std::string_view name, const std::vector<double>& values,
                       std::int64_t* shape, const std::string& rows, const std::string& columns) {
    kairos_artifact artifact = artifact_of(kind, name);
    artifact.row_names = to_abi(rows);
    artifact.column_names = to_abi(columns);
    artifact.data = {const_cast<double*>(values.data()), {1, 0}, 2, {2, 64, 1}, shape, nullptr, 0};
    publish_artifact(artifact);
  }
  void publish_artifact(const kairos_artifact& artifact) {
    check(need(interfaces_.artifacts, KAIROS_ARTIFACTS).publish(call_, &artifact), "publishing an artifact");
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
