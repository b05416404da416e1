// SPDX-License-Identifier: MIT
// Draws line charts, by default as SVG 1.1 without scripts or anything from elsewhere.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text.hpp"

namespace kairos::plugins::svg {

/// `text` between tags or in an attribute. Characters that XML does not allow become U+FFFD.
[[nodiscard]] inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n')
      out += "\xef\xbf\xbd";
    else
      out += c;
  }
  return out;
}

/// A line through points in order; one that is not finite interrupts it.
struct Curve {
  std::string name;
  std::vector<double> x, y;
};
struct Chart {
  std::string title;
  std::vector<Curve> curves;
  bool logarithmic = false;  ///< values that are not positive are left out
};

namespace detail {

constexpr double width = 720, height = 320, heading = 44;  // of a document
constexpr double narrow = 480;                             // of a chart in a page, with several beside it
constexpr double left = 76, right = 24, above = 60, below = 48;  // margins of a chart

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  [[nodiscard]] bool is_empty() const { return low > high; }
};

/// With one decimal, which is enough for places in an image.
[[nodiscard]] inline std::string place(double value) {
  std::array<char, 32> text{};
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 1).ptr};
}
/// Numbers between these are written without an exponent.
[[nodiscard]] inline bool is_plain(double value) {
  return value == 0 || (std::abs(value) >= 1e-4 && std::abs(value) < 1e7);
}

/// The exponent of ten of a value that is not 0; the smallest error of a product does not lower it.
[[nodiscard]] inline int exponent_of(double value) {
  return static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
}

/// A value of a scale whose values differ by `step`: with the decimals that tell it from the next one.
[[nodiscard]] inline std::string tick_text(double value, double step, bool plain) {
  std::array<char, 64> text{};
  const int digits = plain || value == 0 ? -exponent_of(step) : exponent_of(value) - exponent_of(step);
  const auto format = plain || value == 0 ? std::chars_format::fixed : std::chars_format::scientific;
  const int decimals = value == 0 && !plain ? 0 : std::clamp(digits, 0, 15);
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value, format, decimals).ptr};
}

/// A value at an axis, as it is there, and its label.
struct Tick {
  double place;
  std::string label;
};

/// At most about `count` multiples of 1, 2 or 5 times a power of ten, and of at least `least`.
[[nodiscard]] inline std::vector<Tick> ticks(const Range& range, int count, double least = 0) {
  const double span = range.high - range.low;
  if (!(span > 0)) {
    std::array<char, 64> text{};
    char* const end =
        std::to_chars(text.data(), text.data() + text.size(), range.low, std::chars_format::general, 6).ptr;
    return {Tick{range.low, std::string(text.data(), end)}};
  }
  const double power = std::pow(10, std::floor(std::log10(span / count)));
  double step = power;
  for (const double factor : {2.0, 5.0, 10.0})
    if (span / step > count) step = power * factor;
  step = std::max(step, least);
  std::vector<Tick> values;
  const bool plain = is_plain(std::max(std::abs(range.low), std::abs(range.high)));
  const double first = std::ceil(range.low / step - 1e-9);
  for (double i = first; i * step <= range.high + span * 1e-9 && values.size() < 100; ++i) {
    const double value = i * step == 0 ? 0 : i * step;
    values.push_back({value, tick_text(value, step, plain)});
  }
  return values;
}

/// Of a range of logarithms: powers of ten if there are some; else their multiples by 1, 2 and 5; or, in a
/// very short range, equal steps of the values.
[[nodiscard]] inline std::vector<Tick> logarithmic_ticks(const Range& range) {
  const auto label = [](double value) {
    return tick_text(value, std::pow(10, exponent_of(value)), is_plain(value));
  };
  std::vector<Tick> values;
  if (range.high - range.low >= 2) {
    for (const Tick& tick : ticks(range, 5, 1))
      values.push_back({tick.place, label(std::pow(10, tick.place))});
    return values;
  }
  for (double power = std::floor(range.low); power <= range.high; ++power)
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double place = power + std::log10(factor);
      if (place >= range.low - 1e-9 && place <= range.high + 1e-9)
        values.push_back({place, label(factor * std::pow(10, power))});
    }
  if (values.size() >= 2) return values;
  values = ticks({std::pow(10, range.low), std::pow(10, range.high)}, 5);
  for (Tick& tick : values) tick.place = std::log10(tick.place);
  return values;
}

/// A place in the image, from its top left.
struct Point {
  double x, y;
};

/// From values to places in the image.
struct Axes {
  Range x, y;  ///< y: logarithms if they are so
  double top = 0;
  bool logarithmic = false;
  double wide = width;

  [[nodiscard]] double end() const { return wide - right; }
  [[nodiscard]] bool shows(double value) const { return std::isfinite(value) && (!logarithmic || value > 0); }
  [[nodiscard]] double scaled(double value) const { return logarithmic ? std::log10(value) : value; }
  [[nodiscard]] double across(double value) const {
    const double part = x.high > x.low ? (value - x.low) / (x.high - x.low) : 0.5;
    return left + part * (end() - left);
  }
  /// Of a value that is scaled.
  [[nodiscard]] double down(double value) const {
    const double part = y.high > y.low ? (value - y.low) / (y.high - y.low) : 0.5;
    return bottom() - part * (height - above - below);
  }
  [[nodiscard]] double bottom() const { return top + height - below; }
};

enum class Anchor { Start, Middle, End };
enum class Face { Normal, Bold, Large };
enum class Line { Grid, Axis };

/// Draws in SVG. What draw_chart draws on has these functions.
class SvgCanvas {
 public:
  void text(double x, double y, Anchor anchor, std::string_view text, Face face = Face::Normal) {
    constexpr std::array<const char*, 3> names{"start", "middle", "end"};
    constexpr std::array<const char*, 3> faces{"\">", "\" font-weight=\"bold\">", "\" font-size=\"16\">"};
    out_ += "<text x=\"" + place(x) + "\" y=\"" + place(y) + "\" text-anchor=\"" +
            names[static_cast<std::size_t>(anchor)] + faces[static_cast<std::size_t>(face)] + escaped(text) +
            "</text>\n";
  }
  void line(Point from, Point to, Line kind) {
    // The attribute is for programs that know no style sheets.
    out_ += "<line x1=\"" + place(from.x) + "\" y1=\"" + place(from.y) + "\" x2=\"" + place(to.x) +
            "\" y2=\"" + place(to.y) +
            (kind == Line::Grid ? "\" class=\"grid\" stroke=\"#dddddd\"/>\n"
                                : "\" class=\"axis\" stroke=\"#333333\"/>\n");
  }
  void curve(const std::vector<Point>& points, const char* colour) {
    out_ += "<polyline points=\"";
    for (const Point& point : points)
      out_ += (&point == points.data() ? "" : " ") + place(point.x) + ',' + place(point.y);
    out_ += std::string("\" fill=\"none\" stroke=\"") + colour + "\" stroke-width=\"2\"/>\n";
  }
  void dot(Point point, const char* colour) {
    out_ += "<circle cx=\"" + place(point.x) + "\" cy=\"" + place(point.y) + "\" r=\"3\" fill=\"" + colour +
            "\"/>\n";
  }
  void box(Point corner, double wide, double high, const char* colour) {
    out_ += "<rect x=\"" + place(corner.x) + "\" y=\"" + place(corner.y) + "\" width=\"" + place(wide) +
            "\" height=\"" + place(high) + "\" fill=\"" + colour + "\"/>\n";
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

[[nodiscard]] inline Axes axes_of(const Chart& chart, double top, double wide) {
  Axes axes{{}, {}, top, chart.logarithmic, wide};
  for (const Curve& curve : chart.curves)
    for (std::size_t i = 0; i < curve.y.size(); ++i) {
      axes.x.add(curve.x[i]);
      if (axes.shows(curve.y[i])) axes.y.add(axes.scaled(curve.y[i]));
    }
  return axes;
}

/// `least` is the smallest step of the x axis.
template <class Canvas>
void draw_grid(Canvas& canvas, const Axes& axes, std::string_view label, double least = 1) {
  for (const Tick& tick : axes.logarithmic ? logarithmic_ticks(axes.y) : ticks(axes.y, 5)) {
    canvas.line({left, axes.down(tick.place)}, {axes.end(), axes.down(tick.place)}, Line::Grid);
    canvas.text(left - 8, axes.down(tick.place) + 4, Anchor::End, tick.label);
  }
  for (const Tick& tick : ticks(axes.x, axes.wide < width ? 5 : 8, least)) {
    const double x = axes.across(tick.place);
    canvas.line({x, axes.bottom()}, {x, axes.bottom() + 5}, Line::Axis);
    canvas.text(x, axes.bottom() + 20, Anchor::Middle, tick.label);
  }
  canvas.line({left, axes.top + above}, {left, axes.bottom()}, Line::Axis);
  canvas.line({left, axes.bottom()}, {axes.end(), axes.bottom()}, Line::Axis);
  canvas.text((left + axes.end()) / 2, axes.bottom() + 38, Anchor::Middle, label);
}

/// A point without neighbours is a dot, everything else a line.
template <class Canvas>
void draw_curve(Canvas& canvas, const Curve& curve, const Axes& axes, const char* colour) {
  std::vector<Point> points;
  for (std::size_t i = 0; i <= curve.y.size(); ++i) {
    if (i < curve.y.size() && axes.shows(curve.y[i])) {
      points.push_back({axes.across(curve.x[i]), axes.down(axes.scaled(curve.y[i]))});
      continue;
    }
    if (points.size() == 1) canvas.dot(points.front(), colour);
    if (points.size() > 1) canvas.curve(points, colour);
    points.clear();
  }
}

template <class Canvas>
void draw_chart(Canvas& canvas, const Chart& chart, std::string_view label, double top, double wide = width) {
  constexpr std::array<const char*, 4> colours{"#0072b2", "#d55e00", "#009e73",
                                               "#cc79a7"};  // for the colour-blind
  const Axes axes = axes_of(chart, top, wide);
  canvas.text(left, top + 24, Anchor::Start, chart.title, Face::Bold);
  if (axes.y.is_empty()) return canvas.text(wide / 2, top + height / 2, Anchor::Middle, "no values");
  draw_grid(canvas, axes, label);
  double x = left;  // the legend, below the title; letters of most fonts are less than 9 wide
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    const char* colour = colours[i % colours.size()];
    draw_curve(canvas, chart.curves[i], axes, colour);
    canvas.box({x, top + 38}, 18, 4, colour);
    canvas.text(x + 24, top + 44, Anchor::Start, chart.curves[i].name);
    x += 40 + 9 * static_cast<double>(chart.curves[i].name.size());
  }
}

/// Charts one below the other, under a title.
template <class Canvas>
void draw_charts(Canvas& canvas, const std::vector<Chart>& charts, std::string_view title,
                 std::string_view label) {
  canvas.text(width / 2, 28, Anchor::Middle, title, Face::Large);
  for (std::size_t i = 0; i < charts.size(); ++i)
    draw_chart(canvas, charts[i], label, heading + height * static_cast<double>(i));
}

/// An image in a page, whose style sheet knows the classes `chart`, `grid` and `axis`.
[[nodiscard]] inline std::string in_page(std::string_view name, const std::string& content) {
  return "<svg class=\"chart\" viewBox=\"0 0 " + shortest(narrow) + ' ' + shortest(height) +
         "\" role=\"img\" aria-label=\"" + escaped(name) + "\">\n" + content + "</svg>";
}

}  // namespace detail

/// One chart as a part of a page.
[[nodiscard]] inline std::string chart(const Chart& chart, std::string_view label) {
  detail::SvgCanvas canvas;
  detail::draw_chart(canvas, chart, label, 0, detail::narrow);
  return detail::in_page(chart.title, canvas.take());
}

/// A histogram; edges do not decrease.
struct Bars {
  std::vector<double> edges, counts;
};
/// A histogram as a part of a page, without a title.
[[nodiscard]] inline std::string bars(const Bars& bars, std::string_view name) {
  detail::Axes axes{{}, {}, -detail::above / 2, false, detail::narrow};
  for (const double edge : bars.edges) axes.x.add(edge);
  axes.y.add(0);
  for (const double count : bars.counts) axes.y.add(count);
  detail::SvgCanvas canvas;
  detail::draw_grid(canvas, axes, "", 0);
  for (std::size_t i = 0; i < bars.counts.size(); ++i) {
    const double from = axes.across(bars.edges[i]), to = axes.across(bars.edges[i + 1]);
    const double top = axes.down(bars.counts[i]);
    canvas.box({from, top}, std::max(to - from - 0.5, 0.5), axes.bottom() - top, "#0072b2");
  }
  return detail::in_page(name, canvas.take());
}

/// The charts one below the other, in the colours of light and dark pages. `label` names the x axis.
[[nodiscard]] inline std::string document(const std::vector<Chart>& charts, std::string_view title,
                                          std::string_view label) {
  const std::string height = shortest(detail::heading + detail::height * static_cast<double>(charts.size()));
  const std::string width = shortest(detail::width);
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
      width + "\" height=\"" + height + "\" viewBox=\"0 0 " + width + ' ' + height +
      "\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#333333\">\n<title>" + escaped(title) +
      "</title>\n<style>.page{fill:#fff}text{fill:#333}.grid{stroke:#ddd}.axis{stroke:#333}"
      "@media(prefers-color-scheme:dark){.page{fill:#1b1b1b}text{fill:#ddd}.grid{stroke:#3a3a3a}"
      ".axis{stroke:#ddd}}</style>\n<rect class=\"page\" fill=\"#ffffff\" width=\"" +
      width + "\" height=\"" + height + "\"/>\n";
  detail::SvgCanvas canvas;
  detail::draw_charts(canvas, charts, title, label);
  return text + canvas.take() + "</svg>\n";
}

}  // namespace kairos::plugins::svg
