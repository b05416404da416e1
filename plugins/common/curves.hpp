// SPDX-License-Identifier: MIT
// The logs of epochs as charts: a key and its val_… share one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "log_keys.hpp"
#include "svg.hpp"

namespace kairos::plugins {

/// Values of epochs, row by row.
struct EpochRows {
  const std::vector<double>& values;
  std::size_t
      width;  ///< numbers in a row; the first is the epoch, NaN stands for a value that is unavailable

  [[nodiscard]] std::size_t count() const { return values.size() / width; }
  [[nodiscard]] double at(std::size_t row, std::size_t column) const { return values[row * width + column]; }
  [[nodiscard]] svg::Curve curve(std::string name, std::size_t column) const {
    svg::Curve curve{std::move(name), {}, {}};
    for (std::size_t row = 0; row < count(); ++row) {
      curve.x.push_back(at(row, 0));
      curve.y.push_back(at(row, column));
    }
    return curve;
  }
};

/// Charts in the order in which the first key of each is in `keys`, whose values begin at column `first` of
/// the rows. A chart is logarithmic if one of its keys is in `scaled`.
[[nodiscard]] inline std::vector<svg::Chart> charts_of(const EpochRows& rows,
                                                       const std::vector<std::string>& keys,
                                                       std::size_t first,
                                                       const std::vector<std::string>& scaled) {
  std::vector<svg::Chart> all;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string title = is_validation(keys[i]) ? keys[i].substr(4) : keys[i];
    auto chart = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.title == title; });
    if (chart == all.end()) chart = all.insert(all.end(), svg::Chart{title, {}, false});
    chart->logarithmic =
        chart->logarithmic || std::find(scaled.begin(), scaled.end(), keys[i]) != scaled.end();
    chart->curves.push_back(rows.curve(keys[i], first + i));
  }
  return all;
}

/// The curve with at most about `points` points: of each piece that is left out, its least and its greatest
/// value stay, so that no spike is lost.
[[nodiscard]] inline svg::Curve thinned(const svg::Curve& curve, std::size_t points) {
  if (curve.y.size() <= points) return curve;
  svg::Curve thin{curve.name, {}, {}};
  const std::size_t piece = 2 * curve.y.size() / points + 1;
  for (std::size_t from = 0; from < curve.y.size(); from += piece) {
    const std::size_t to = std::min(from + piece, curve.y.size());
    std::size_t low = from, high = from;
    for (std::size_t i = from; i < to; ++i) {  // a value that is not finite is kept if it comes first
      if (curve.y[i] < curve.y[low]) low = i;
      if (curve.y[i] > curve.y[high]) high = i;
    }
    for (const std::size_t i : {std::min(low, high), std::max(low, high)}) {
      thin.x.push_back(curve.x[i]);
      thin.y.push_back(curve.y[i]);
    }
  }
  return thin;
}

}  // namespace kairos::plugins
