// SPDX-License-Identifier: MIT
// SVG 1.1 without scripts, styles or fonts from elsewhere.
#include "cli/plot_svg.hpp"

#include <fmt/format.h>

#include <array>

namespace kairos::host::cli {

namespace {

constexpr double width = 720, chart_height = 300, heading = 44;
constexpr double left = 76, right = 24, above = 40, below = 48;            // margins of a chart
constexpr std::array colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7"};  // distinct for the colour-blind

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// From values to the place in the image.
struct Axes {
  Range epochs, values;
  double top;  ///< of the chart in the image

  [[nodiscard]] double x(double epoch) const {
    const double part = epochs.high > epochs.low ? epochs.part(epoch) : 0.5;
    return left + part * (width - left - right);
  }
  [[nodiscard]] double y(double value) const {
    return bottom() - values.part(value) * (chart_height - above - below);
  }
  [[nodiscard]] double bottom() const { return top + chart_height - below; }
};

std::string text_at(double x, double y, const char* anchor, std::string_view text, const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     escaped(text));
}

std::string line_at(double x, double y, double to_x, double to_y, const char* colour) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x, y,
                     to_x, to_y, colour);
}

std::string grid(const Axes& axes) {
  constexpr const char* faint = "#dddddd";
  constexpr const char* dark = "#333333";
  std::string text;
  for (const double tick : ticks(axes.values, 5)) {
    text += line_at(left, axes.y(tick), width - right, axes.y(tick), faint);
    text += text_at(left - 8, axes.y(tick) + 4, "end", tick_text(tick));
  }
  for (const double tick : epoch_ticks(axes.epochs, 8)) {
    text += line_at(axes.x(tick), axes.bottom(), axes.x(tick), axes.bottom() + 5, dark);
    text += text_at(axes.x(tick), axes.bottom() + 20, "middle", tick_text(tick));
  }
  text += line_at(left, axes.top + above, left, axes.bottom(), dark);
  text += line_at(left, axes.bottom(), width - right, axes.bottom(), dark);
  return text + text_at((left + width - right) / 2, axes.bottom() + 38, "middle", "epoch");
}

/// A point without neighbours is a circle, everything else a line.
std::string curve_text(const Chart& chart, const Curve& curve, const Axes& axes, const char* colour) {
  std::string text, points;
  std::size_t count = 0;
  double x = 0, y = 0;
  const auto end_part = [&] {
    if (count == 1)
      text += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", x, y, colour);
    if (count > 1)
      text += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n",
                          points, colour);
    points.clear();
    count = 0;
  };
  for (std::size_t i = 0; i < curve.values.size(); ++i) {
    if (!curve.values[i]) {
      end_part();
      continue;
    }
    x = axes.x(static_cast<double>(chart.epochs[i]));
    y = axes.y(*curve.values[i]);
    points += fmt::format("{}{:.1f},{:.1f}", count == 0 ? "" : " ", x, y);
    ++count;
  }
  end_part();
  return text;
}

std::string chart_text(const Chart& chart, double top) {
  const Axes axes{epochs_of(chart), range_of(chart), top};
  std::string text = grid(axes) + text_at(left, top + 24, "start", chart.title, " font-weight=\"bold\"");
  double x = width - right;
  for (std::size_t i = chart.curves.size(); i-- > 0;) {  // the legend, from the right
    const char* colour = colours[i % colours.size()];
    text += curve_text(chart, chart.curves[i], axes, colour);
    text += text_at(x, top + 24, "end", chart.curves[i].name);
    x -= 8 + 7.5 * static_cast<double>(chart.curves[i].name.size());
    text += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"18\" height=\"4\" fill=\"{}\"/>\n", x - 18,
                        top + 18, colour);
    x -= 34;
  }
  return text;
}

}  // namespace

std::string svg_of(std::span<const Chart> charts, const std::string& title) {
  const double height = heading + chart_height * static_cast<double>(charts.size());
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"13\" fill=\"#333333\">\n"
      "<title>{2}</title>\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#ffffff\"/>\n",
      width, height, escaped(title));
  text += text_at(width / 2, 28, "middle", title, " font-size=\"16\"");
  for (std::size_t i = 0; i < charts.size(); ++i)
    text += chart_text(charts[i], heading + chart_height * static_cast<double>(i));
  return text + "</svg>\n";
}

}  // namespace kairos::host::cli
