// SPDX-License-Identifier: MIT
// A run as a page: what HtmlReport writes and Dashboard sends.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <kairos/artifact.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifact_html.hpp"
#include "curves.hpp"
#include "page_style.hpp"
#include "svg.hpp"
#include "text.hpp"

namespace kairos::plugins {

/// An artifact of another callback, the newest of its name.
struct ShownArtifact {
  std::string publisher, name;
  std::int64_t epoch = -1;
  bool is_table = false;
  std::string html;
};

/// What is known of a run. A row of `rows` has epoch, seconds, learning rate, and the values of `keys`.
struct RunPage {
  static constexpr std::size_t fixed_columns = 3;

  std::string title;
  std::string result = "running";  ///< or "completed", "stopped", "interrupted", "failed"
  std::string reason;              ///< of a stop or a failure
  std::int64_t started = 0;        ///< seconds since 1970
  double seconds = 0;              ///< since then
  std::int64_t epochs = 0;         ///< of the whole run; 0 outside of a fit
  std::vector<std::string> keys;
  std::vector<std::int32_t> directions;  ///< of the keys, KAIROS_DIRECTION_…
  std::vector<double> rows;
  std::vector<std::pair<std::string, double>> results;  ///< of an evaluation
  std::vector<ShownArtifact> artifacts;
  std::vector<std::string> scaled;  ///< keys whose charts are logarithmic
  InfoEntries facts, settings, environment;

  [[nodiscard]] EpochRows table() const { return {rows, fixed_columns + keys.size()}; }
};

/// Takes an artifact into the list: the newest of each name, as a table if it has one in the same epoch.
inline void show(std::vector<ShownArtifact>& all, const Artifact& artifact) {
  ShownArtifact shown{std::string(artifact.publisher()), std::string(artifact.name()), artifact.epoch(),
                      artifact.kind() == ArtifactKind::Table, ""};
  const auto same = std::find_if(all.begin(), all.end(), [&](const ShownArtifact& one) {
    return one.publisher == shown.publisher && one.name == shown.name;
  });
  if (same != all.end() && same->is_table && !shown.is_table && same->epoch == shown.epoch) return;
  shown.html = artifact_html(artifact);
  if (shown.html.empty()) return;
  constexpr std::size_t most = std::size_t{16} << 20;  // bytes of all of them
  std::size_t others = 0;
  for (const ShownArtifact& one : all)
    if (same == all.end() || &one != &*same) others += one.html.size();
  if (others + shown.html.size() > most)
    shown.html = "<p class=\"soft\">There is too much beside it: 16 MiB are shown.</p>";
  if (same != all.end()) {
    *same = std::move(shown);
    return;
  }
  constexpr std::size_t most_names = 1000;  // of a callback that gives each artifact a new name
  if (all.size() >= most_names) all.erase(all.begin());
  all.push_back(std::move(shown));
}

namespace detail {

[[nodiscard]] inline std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (seconds < 60) return svg::detail::place(seconds) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

[[nodiscard]] inline std::string date_text(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return text.data();
}

[[nodiscard]] inline std::string card_html(std::string_view name, std::string_view value,
                                           std::string_view note = "") {
  return "<div class=\"card\"><div class=\"soft\">" + svg::escaped(name) + "</div><div class=\"value\">" +
         svg::escaped(value) + "</div><div class=\"soft\">" + svg::escaped(note) + "</div></div>\n";
}

[[nodiscard]] inline std::string section_html(std::string_view heading, const std::string& body) {
  return body.empty() ? "" : "<section><h2>" + svg::escaped(heading) + "</h2>\n" + body + "</section>\n";
}

/// The last value of a key, and its best one with its epoch if it is known which is better.
[[nodiscard]] inline std::string key_card(const RunPage& page, std::size_t key) {
  const EpochRows rows = page.table();
  const std::size_t column = RunPage::fixed_columns + key;
  const bool min = page.directions[key] == KAIROS_DIRECTION_MIN,
             max = page.directions[key] == KAIROS_DIRECTION_MAX;
  double last = std::numeric_limits<double>::quiet_NaN(), best = last, epoch = 0;
  for (std::size_t row = 0; row < rows.count(); ++row) {
    const double value = rows.at(row, column);
    if (std::isnan(value)) continue;
    last = value;
    if (!std::isfinite(value)) continue;
    if (std::isnan(best) || (min && value < best) || (max && value > best)) {
      best = value;
      epoch = rows.at(row, 0);
    }
  }
  const std::string note =
      (min || max) && !std::isnan(best) ? "best " + number_html(best) + ", epoch " + shortest(epoch + 1) : "";
  return card_html(page.keys[key], number_html(last), note);
}

[[nodiscard]] inline std::string summary_html(const RunPage& page) {
  std::string html = "<header><h1>" + svg::escaped(page.title) + "</h1>\n<p><span class=\"pill " +
                     page.result + "\">" + page.result + "</span> <span class=\"soft\">" +
                     (page.started > 0 ? "begun " + date_text(page.started) + ", " : "") +
                     duration_text(page.seconds) + "</span></p>\n";
  if (!page.reason.empty()) html += "<p class=\"reason\">" + svg::escaped(page.reason) + "</p>\n";
  html += "</header>\n<div class=\"cards\">\n";
  if (page.epochs > 0)
    html += card_html("epochs", std::to_string(page.table().count()) + " of " + std::to_string(page.epochs));
  if (!page.rows.empty())
    for (std::size_t key = 0; key < page.keys.size(); ++key) html += key_card(page, key);
  for (const auto& [name, value] : page.results) html += card_html(name, number_html(value));
  return html + "</div>\n";
}

[[nodiscard]] inline std::string charts_html(std::vector<svg::Chart> charts) {
  constexpr std::size_t most_points = 1000;
  std::string html;
  for (svg::Chart& chart : charts) {
    for (svg::Curve& curve : chart.curves) {
      curve = thinned(curve, most_points);
      for (double& epoch : curve.x) epoch += 1;  // counted from 1 in the whole page
    }
    html += "<div class=\"box\">" + svg::chart(chart, "epoch") + "</div>\n";
  }
  return html.empty() ? "" : "<div class=\"grid\">\n" + html + "</div>\n";
}

[[nodiscard]] inline std::string curves_html(const RunPage& page) {
  if (page.rows.empty()) return "";
  std::vector<svg::Chart> charts = charts_of(page.table(), page.keys, RunPage::fixed_columns, page.scaled);
  std::string html = section_html("Curves", charts_html(std::move(charts)));
  std::vector<svg::Chart> others;
  const svg::Curve rates = page.table().curve("learning rate", 2);
  const bool known = std::any_of(rates.y.begin(), rates.y.end(), [](double y) { return !std::isnan(y); });
  if (known) others.push_back({"learning rate", {rates}, false});
  others.push_back({"seconds per epoch", {page.table().curve("seconds", 1)}, false});
  return html + section_html("Learning rate and time", charts_html(std::move(others)));
}

[[nodiscard]] inline std::string artifacts_html(const RunPage& page) {
  std::string html;
  for (const ShownArtifact& one : page.artifacts)
    html += "<figure class=\"box\"><figcaption><b>" + svg::escaped(one.name) + "</b> <span class=\"soft\">" +
            svg::escaped(one.publisher) + (one.epoch >= 0 ? ", epoch " + std::to_string(one.epoch + 1) : "") +
            "</span></figcaption>\n" + one.html + "</figure>\n";
  return section_html("Artifacts", html.empty() ? "" : "<div class=\"grid\">\n" + html + "</div>\n");
}

[[nodiscard]] inline std::string entries_html(const InfoEntries& entries) {
  if (entries.empty()) return "";
  std::string html = "<div class=\"wide\"><table class=\"facts\"><tbody>\n";
  for (const auto& [name, value] : entries)
    html += "<tr><th>" + svg::escaped(name) + "</th><td>" + svg::escaped(value) + "</td></tr>\n";
  return html + "</tbody></table></div>\n";
}

[[nodiscard]] inline std::string epochs_html(const RunPage& page) {
  constexpr std::size_t most_rows = 500;
  const EpochRows rows = page.table();
  if (page.rows.empty()) return "";
  const std::size_t first = rows.count() > most_rows ? rows.count() - most_rows : 0;
  std::string html = "<details><summary>" +
                     (first == 0 ? "All epochs"
                                 : "The last " + std::to_string(most_rows) + " of " +
                                       std::to_string(rows.count()) + " epochs") +
                     "</summary>\n<div class=\"wide\"><table class=\"numbers\"><thead><tr><th>epoch</th>"
                     "<th>seconds</th><th>learning rate</th>";
  for (const std::string& key : page.keys) html += "<th>" + svg::escaped(key) + "</th>";
  html += "</tr></thead><tbody>\n";
  for (std::size_t row = first; row < rows.count(); ++row) {
    html += "<tr><td>" + shortest(rows.at(row, 0) + 1) + "</td>";
    for (std::size_t column = 1; column < rows.width; ++column)
      html += "<td>" + number_html(rows.at(row, column)) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></details>\n";
}

}  // namespace detail

/// The content of <main>.
[[nodiscard]] inline std::string main_html(const RunPage& page) {
  using namespace detail;
  return summary_html(page) + curves_html(page) + artifacts_html(page) +
         section_html("Epochs", epochs_html(page)) + section_html("Run", entries_html(page.facts)) +
         section_html("Settings", entries_html(page.settings)) +
         section_html("Environment", entries_html(page.environment));
}

/// A whole page, which needs nothing from elsewhere. `head` and `end` are written as they are.
[[nodiscard]] inline std::string document_html(std::string_view title, std::string_view head,
                                               const std::string& main, std::string_view end = "") {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
         std::string(head) + "<title>" + svg::escaped(title) + "</title>\n<style>" + page_style +
         "</style>\n</head>\n<body>\n<main id=\"main\">\n" + main + "</main>\n" + std::string(end) +
         "</body>\n</html>\n";
}

}  // namespace kairos::plugins
