// SPDX-License-Identifier: MIT
// Names and texts come from other plugins and from the data: none of them becomes a mark of Markdown.
#include "artifacts.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/text.hpp"

namespace kairos::plugins::tensorboard {

namespace {

constexpr std::int64_t most_cells = 10000;  // of a table, in a text that a browser lays out

std::string cell_text(std::string_view name) {
  constexpr std::string_view marks = "\\`*_{}[]()<>#+-.!|~&";
  std::string text;
  for (const char c : name) {
    if (marks.find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

Histogram histogram_of(const Artifact& artifact) {
  Histogram buckets;
  const std::int64_t edges = artifact.shape(1);
  const double* const numbers = artifact.numbers();
  for (std::int64_t i = 0; i + 1 < edges; ++i)
    buckets.push_back({numbers[i], numbers[i + 1], numbers[edges + i]});
  return buckets;
}

Images image_of(const Artifact& artifact) {
  const std::int64_t height = artifact.shape(0), width = artifact.shape(1), channels = artifact.shape(2);
  return {width, height, {png_of(artifact.pixels(), height, width, channels)}};
}

std::string row_text(std::string_view name, const double* numbers, std::int64_t count) {
  std::string text = "| " + cell_text(name) + " |";
  for (std::int64_t i = 0; i < count; ++i) text += " " + shortest(numbers[i]) + " |";
  return text + "\n";
}

}  // namespace

std::string code_block(std::string_view text) {
  std::string block;
  while (true) {
    const std::size_t end = text.find('\n');
    block += "    " + std::string(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) return block;
    text.remove_prefix(end + 1);
  }
}

std::string markdown_table(const Artifact& table) {
  const std::int64_t rows = table.shape(0), columns = table.shape(1);
  if (rows > most_cells / columns)
    return "A table of " + std::to_string(rows) + " rows and " + std::to_string(columns) +
           " columns is too large to be shown.\n";
  const std::vector<std::string> row_names = table.row_names(), column_names = table.column_names();
  std::string text = "| |", line = "|---|";
  for (std::int64_t i = 0; i < columns; ++i) {
    const auto column = static_cast<std::size_t>(i);
    text += " " + (column < column_names.size() ? cell_text(column_names[column]) : std::to_string(i)) + " |";
    line += "---:|";
  }
  text += "\n" + line + "\n";
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    text += row_text(row < row_names.size() ? row_names[row] : std::to_string(i),
                     table.numbers() + i * columns, columns);
  }
  return text;
}

namespace {

void write_kind(EventFile& file, const Artifact& artifact) {
  const std::string tag = std::string(artifact.publisher()) + "/" + std::string(artifact.name());
  const std::int64_t step = artifact.epoch() >= 0 ? artifact.epoch() : artifact.step();
  switch (artifact.kind()) {
    case ArtifactKind::Image:
      return file.write_images(tag, step, image_of(artifact));
    case ArtifactKind::Histogram:
      return file.write_histogram(tag, step, histogram_of(artifact));
    case ArtifactKind::Table:
      return file.write_text(tag + "/table", step, markdown_table(artifact));
    case ArtifactKind::File:
      return file.write_text(tag + "/file", step, code_block(artifact.text()));
    case ArtifactKind::Text:
      if (artifact.media_type() == "image/svg+xml") return;
      return file.write_text(tag + "/text", step,
                             artifact.media_type() == "text/markdown" ? std::string(artifact.text())
                                                                      : code_block(artifact.text()));
  }
}

}  // namespace

void write_artifact(EventFile& file, const Artifact& artifact) {
  write_kind(file, artifact);
  file.flush();
}

}  // namespace kairos::plugins::tensorboard
