// SPDX-License-Identifier: MIT
// Groups the keys of a History.
#include "cli/plot_curves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/printable.hpp"

namespace kairos::host::cli {

namespace {

constexpr std::string_view validation = "val_";

std::string_view base_of(std::string_view key) {
  return key.starts_with(validation) ? key.substr(validation.size()) : key;
}

bool has_values(const History::Series& series) {
  return std::ranges::any_of(series.values, [](const auto& one) { return one && std::isfinite(*one); });
}

std::vector<std::optional<double>> finite(const std::vector<std::optional<double>>& values) {
  std::vector<std::optional<double>> kept;
  for (const std::optional<double>& value : values)
    kept.push_back(value && std::isfinite(*value) ? value : std::nullopt);
  return kept;
}

}  // namespace

std::vector<Chart> charts_of(const History& history) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> titles;
  std::vector<Chart> charts;
  for (const History::Series& series : history.series) {
    if (!has_values(series)) continue;
    const std::string title = printable(base_of(series.key));
    const auto same = std::ranges::find(titles, title);
    const std::size_t index = static_cast<std::size_t>(same - titles.begin());
    if (same == titles.end()) {
      titles.push_back(title);
      charts.push_back({title, {}, {}});
      for (const std::int64_t epoch : history.epochs)
        charts.back().epochs.push_back(std::min(epoch, most - 1) + 1);
    }
    charts[index].curves.push_back({printable(series.key), finite(series.values)});
  }
  return charts;
}

Range range_of(const Chart& chart) {
  Range range{INFINITY, -INFINITY};
  for (const Curve& curve : chart.curves)
    for (const std::optional<double>& value : curve.values)
      if (value) range = {std::min(range.low, *value), std::max(range.high, *value)};
  if (range.high > range.low) return range;
  const double half = range.low == 0 ? 1 : std::abs(range.low) / 2;  // a constant lies in the middle
  constexpr double most = std::numeric_limits<double>::max();
  return {std::max(range.low - half, -most), std::min(range.low + half, most)};
}

Range epochs_of(const Chart& chart) {
  const auto [first, last] = std::ranges::minmax_element(chart.epochs);
  return {static_cast<double>(*first), static_cast<double>(*last)};
}

double Range::part(double value) const {
  const double span = high / 2 - low / 2;
  return span > 0 ? std::clamp((value / 2 - low / 2) / span, 0.0, 1.0) : 0;
}

std::vector<double> ticks(Range range, std::size_t wanted) {
  const double rough = range.high / static_cast<double>(wanted) - range.low / static_cast<double>(wanted);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  std::vector<double> found;
  const double slack = step * 1e-6;
  for (double i = std::ceil(range.low / step - 1e-6); found.size() < 100; ++i) {
    const double tick = i * step;
    if (!std::isfinite(tick) || tick > range.high + slack) break;
    found.push_back(tick == 0 ? 0.0 : tick);
  }
  if (found.empty()) found.push_back(range.low);
  return found;
}

std::vector<double> epoch_ticks(Range range, std::size_t wanted) {
  std::vector<double> whole;
  for (const double tick : ticks(range, wanted))
    if (tick == std::round(tick)) whole.push_back(tick);
  if (whole.empty()) whole.push_back(std::ceil(range.low));
  return whole;
}

std::string tick_text(double value) {
  return fmt::format("{:.4g}", value);
}

}  // namespace kairos::host::cli
