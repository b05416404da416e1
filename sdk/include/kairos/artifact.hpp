// SPDX-License-Identifier: MIT
// What other callbacks have published, in the hook on_artifact.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/event.hpp"

namespace kairos {
inline namespace v1 {

/// Kinds of artifacts. A later host may have others.
enum class ArtifactKind : std::int32_t {
  Text = KAIROS_ARTIFACT_TEXT,
  Image = KAIROS_ARTIFACT_IMAGE,
  Histogram = KAIROS_ARTIFACT_HISTOGRAM,
  Table = KAIROS_ARTIFACT_TABLE,
  File = KAIROS_ARTIFACT_FILE
};

/// What another callback has published (Event::publish_text and so on). The texts and numbers are borrowed
/// until the hook returns, and come from another plugin: escape them.
class Artifact : public detail::EventOf<kairos_artifact> {
 public:
  using EventOf::EventOf;
  [[nodiscard]] ArtifactKind kind() const { return static_cast<ArtifactKind>(raw_.kind); }
  [[nodiscard]] std::string_view name() const { return detail::from_abi(raw_.name); }
  /// The instance that published it.
  [[nodiscard]] std::string_view publisher() const { return detail::from_abi(raw_.publisher); }
  /// Epoch, counted from 0; -1 outside of one.
  [[nodiscard]] std::int64_t epoch() const { return raw_.epoch; }
  /// Optimizer steps since the model was created.
  [[nodiscard]] std::int64_t step() const { return raw_.step; }
  /// Of a text or a file; may be empty for a file.
  [[nodiscard]] std::string_view media_type() const { return detail::from_abi(raw_.media_type); }
  /// Of a text; the absolute path of a file.
  [[nodiscard]] std::string_view text() const { return detail::from_abi(raw_.text); }
  /// Size of an axis of the data: height, width, channels; 2, edges; rows, columns.
  [[nodiscard]] std::int64_t shape(std::int32_t axis) const {
    return axis >= 0 && axis < raw_.data.rank ? raw_.data.shape[axis] : 0;
  }
  /// The pixels of an image, row by row; null for other kinds.
  [[nodiscard]] const std::uint8_t* pixels() const {
    return kind() == ArtifactKind::Image ? static_cast<const std::uint8_t*>(raw_.data.data) : nullptr;
  }
  /// The numbers of a histogram (edges, then counts, the last one 0) or a table, row by row; null for other
  /// kinds.
  [[nodiscard]] const double* numbers() const {
    const bool has = kind() == ArtifactKind::Histogram || kind() == ArtifactKind::Table;
    return has ? static_cast<const double*>(raw_.data.data) : nullptr;
  }
  /// Of a table; as many as it has rows, or none.
  [[nodiscard]] std::vector<std::string> row_names() const { return lines_of(raw_.row_names); }
  [[nodiscard]] std::vector<std::string> column_names() const { return lines_of(raw_.column_names); }

 private:
  static std::vector<std::string> lines_of(kairos_str text) {
    std::vector<std::string> names;
    std::string_view rest = detail::from_abi(text);
    for (bool more = !rest.empty(); more;) {
      const std::size_t end = rest.find('\n');
      names.emplace_back(rest.substr(0, end));
      more = end != std::string_view::npos;
      if (more) rest.remove_prefix(end + 1);
    }
    return names;
  }
};

}  // namespace v1
}  // namespace kairos
