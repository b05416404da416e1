// SPDX-License-Identifier: MIT
// Artifacts of other callbacks as pieces of a page. Every text is escaped: names come from other plugins and
// from the data. Drawings become images, in which browsers run no script.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <kairos/artifact.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "png.hpp"
#include "svg.hpp"
#include "text.hpp"

namespace kairos::plugins {

/// With at most six digits, as people read it; "–" for a value that is unavailable.
[[nodiscard]] inline std::string number_html(double value) {
  if (std::isnan(value)) return "–";
  std::array<char, 64> text{};
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 6).ptr};
}

namespace detail {

constexpr std::size_t most_table_cells = 10000;
constexpr std::size_t most_html = std::size_t{4} << 20;  // bytes of one artifact
constexpr std::size_t most_bars = 200;

[[nodiscard]] inline std::string image_html(std::string_view type, std::string_view bytes,
                                            std::string_view name, const char* style) {
  return "<img class=\"" + std::string(style) + "\" alt=\"" + svg::escaped(name) +
         "\" src=\"data:" + std::string(type) + ";base64," + base64(bytes) + "\">";
}

[[nodiscard]] inline std::string pixels_html(const Artifact& artifact) {
  const auto height = static_cast<std::size_t>(artifact.shape(0)),
             width = static_cast<std::size_t>(artifact.shape(1));
  constexpr std::size_t small = 256;
  return image_html("image/png",
                    png_file(artifact.pixels(), height, width, static_cast<std::size_t>(artifact.shape(2))),
                    artifact.name(), std::max(height, width) <= small ? "picture small" : "picture");
}

[[nodiscard]] inline std::string histogram_html(const Artifact& artifact) {
  const auto edges = static_cast<std::size_t>(artifact.shape(1));
  const double* const numbers = artifact.numbers();
  const std::size_t bins = edges - 1, joined = (bins + most_bars - 1) / most_bars;
  svg::Bars bars;
  for (std::size_t i = 0; i < bins; i += joined) {
    const std::size_t end = std::min(i + joined, bins);
    double count = 0;
    for (std::size_t k = i; k < end; ++k) count += numbers[edges + k];
    bars.edges.push_back(numbers[i]);
    bars.counts.push_back(count);
  }
  bars.edges.push_back(numbers[bins]);
  return svg::bars(bars, artifact.name());
}

[[nodiscard]] inline std::string header_html(const std::vector<std::string>& names, std::size_t index) {
  return "<th>" + (index < names.size() ? svg::escaped(names[index]) : std::to_string(index)) + "</th>";
}

/// The larger a positive number, the stronger the colour behind it.
[[nodiscard]] inline std::string cell_html(double value, double most) {
  const double part = most > 0 && value > 0 ? std::min(value / most, 1.0) : 0;
  std::array<char, 16> shade{};
  const auto end =
      std::to_chars(shade.data(), shade.data() + shade.size(), part * 0.9, std::chars_format::fixed, 2).ptr;
  const std::string style = part > 0 ? " style=\"background:rgb(0 114 178/" + std::string(shade.data(), end) +
                                           (part > 0.6 ? ");color:#fff\"" : ")\"")
                                     : "";
  return "<td" + style + ">" + number_html(value) + "</td>";
}

[[nodiscard]] inline std::string table_html(const Artifact& artifact) {
  const auto rows = static_cast<std::size_t>(artifact.shape(0)),
             columns = static_cast<std::size_t>(artifact.shape(1));
  if (rows > most_table_cells / columns)
    return "<p class=\"soft\">A table of " + std::to_string(rows) + " rows and " + std::to_string(columns) +
           " columns is too large to be shown.</p>";
  const double* const numbers = artifact.numbers();
  double most = 0;
  for (std::size_t i = 0; i < rows * columns; ++i)
    if (std::isfinite(numbers[i])) most = std::max(most, numbers[i]);
  const std::vector<std::string> row_names = artifact.row_names(), column_names = artifact.column_names();
  std::string html = "<div class=\"wide\"><table class=\"numbers\"><thead><tr><td></td>";
  for (std::size_t k = 0; k < columns; ++k) html += header_html(column_names, k);
  html += "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < rows; ++i) {
    html += "<tr>" + header_html(row_names, i);
    for (std::size_t k = 0; k < columns; ++k) html += cell_html(numbers[i * columns + k], most);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

[[nodiscard]] inline std::string too_much_html(std::size_t bytes) {
  return "<p class=\"soft\">" + std::to_string(bytes >> 20) + " MiB are too much to be shown.</p>";
}

/// At least so many bytes become its HTML: known before they are computed, on the thread that trains.
[[nodiscard]] inline std::size_t least_html(const Artifact& artifact) {
  if (artifact.kind() == ArtifactKind::Image)
    return static_cast<std::size_t>(artifact.shape(0) * artifact.shape(1) * artifact.shape(2)) / 3 * 4;
  return artifact.text().size();
}

[[nodiscard]] inline std::string content_html(const Artifact& artifact) {
  switch (artifact.kind()) {
    case ArtifactKind::Image:
      return pixels_html(artifact);
    case ArtifactKind::Histogram:
      return histogram_html(artifact);
    case ArtifactKind::Table:
      return table_html(artifact);
    case ArtifactKind::File:
      return "<p class=\"file\">" + svg::escaped(artifact.text()) + "</p>";
    case ArtifactKind::Text:
      if (artifact.media_type() == "image/svg+xml")
        return image_html("image/svg+xml", artifact.text(), artifact.name(), "picture");
      return "<pre>" + svg::escaped(artifact.text()) + "</pre>";
  }
  return "";  // a kind that a later host may have
}

}  // namespace detail

/// The artifact without its name; "" for a kind that is not known.
[[nodiscard]] inline std::string artifact_html(const Artifact& artifact) {
  if (const std::size_t least = detail::least_html(artifact); least > detail::most_html)
    return detail::too_much_html(least);
  std::string html = detail::content_html(artifact);
  return html.size() <= detail::most_html ? html : detail::too_much_html(html.size());
}

}  // namespace kairos::plugins
