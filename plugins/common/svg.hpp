// SPDX-License-Identifier: MIT
// Draws line charts as SVG 1.1, without scripts or anything from elsewhere.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
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

[[nodiscard]] inline std::string text_at(double x, double y, const char* anchor, std::string_view text,
                                         const char* more = "") {
  return "<text x=\"" + place(x) + "\" y=\"" + place(y) + "\" text-anchor=\"" + anchor + '"' + more + '>' +
         escaped(text) + "</text>\n";
}
/// The attribute is for programs that know no style sheets.
enum class Line { Grid, Axis };
[[nodiscard]] inline std::string line_at(double x, double y, double to_x, double to_y, Line kind) {
  return "<line x1=\"" + place(x) + "\" y1=\"" + place(y) + "\" x2=\"" + place(to_x) + "\" y2=\"" +
         place(to_y) +
         (kind == Line::Grid ? "\" class=\"grid\" stroke=\"#dddddd\"/>\n"
                             : "\" class=\"axis\" stroke=\"#333333\"/>\n");
}

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
[[nodiscard]] inline std::string grid(const Axes& axes, std::string_view label, double least = 1) {
  std::string text;
  for (const Tick& tick : axes.logarithmic ? logarithmic_ticks(axes.y) : ticks(axes.y, 5)) {
    text += line_at(left, axes.down(tick.place), axes.end(), axes.down(tick.place), Line::Grid);
    text += text_at(left - 8, axes.down(tick.place) + 4, "end", tick.label);
  }
  for (const Tick& tick : ticks(axes.x, axes.wide < width ? 5 : 8, least)) {
    text += line_at(axes.across(tick.place), axes.bottom(), axes.across(tick.place), axes.bottom() + 5,
                    Line::Axis);
    text += text_at(axes.across(tick.place), axes.bottom() + 20, "middle", tick.label);
  }
  text += line_at(left, axes.top + above, left, axes.bottom(), Line::Axis);
  text += line_at(left, axes.bottom(), axes.end(), axes.bottom(), Line::Axis);
  return text + text_at((left + axes.end()) / 2, axes.bottom() + 38, "middle", label);
}

/// A point without neighbours is a circle, everything else a line.
[[nodiscard]] inline std::string curve_text(const Curve& curve, const Axes& axes, const std::string& colour) {
  std::string text, points;
  std::size_t count = 0, last = 0;
  for (std::size_t i = 0; i <= curve.y.size(); ++i) {
    if (i < curve.y.size() && axes.shows(curve.y[i])) {
      points += (count++ == 0 ? "" : " ") + place(axes.across(curve.x[i])) + ',' +
                place(axes.down(axes.scaled(curve.y[i])));
      last = i;
      continue;
    }
    if (count == 1)
      text += "<circle cx=\"" + place(axes.across(curve.x[last])) + "\" cy=\"" +
              place(axes.down(axes.scaled(curve.y[last]))) + "\" r=\"3\" fill=\"" + colour + "\"/>\n";
    if (count > 1)
      text += "<polyline points=\"" + points + "\" fill=\"none\" stroke=\"" + colour +
              "\" stroke-width=\"2\"/>\n";
    points.clear();
    count = 0;
  }
  return text;
}

[[nodiscard]] inline std::string chart_text(const Chart& chart, std::string_view label, double top,
                                            double wide = width) {
  constexpr std::array<const char*, 4> colours{"#0072b2", "#d55e00", "#009e73",
                                               "#cc79a7"};  // for the colour-blind
  const Axes axes = axes_of(chart, top, wide);
  std::string text = text_at(left, top + 24, "start", chart.title, " font-weight=\"bold\"");
  if (axes.y.is_empty()) return text + text_at(wide / 2, top + height / 2, "middle", "no values");
  text += grid(axes, label);
  double x = left;  // the legend, below the title; letters of most fonts are less than 9 wide
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    const char* colour = colours[i % colours.size()];
    text += curve_text(chart.curves[i], axes, colour);
    text += "<rect x=\"" + place(x) + "\" y=\"" + place(top + 38) + R"(" width="18" height="4" fill=")" +
            colour + "\"/>\n";
    text += text_at(x + 24, top + 44, "start", chart.curves[i].name);
    x += 40 + 9 * static_cast<double>(chart.curves[i].name.size());
  }
  return text;
}

/// An image in a page, whose style sheet knows the classes `chart`, `grid` and `axis`.
[[nodiscard]] inline std::string in_page(std::string_view name, const std::string& content) {
  return "<svg class=\"chart\" viewBox=\"0 0 " + shortest(narrow) + ' ' + shortest(height) +
         "\" role=\"img\" aria-label=\"" + escaped(name) + "\">\n" + content + "</svg>";
}

}  // namespace detail

/// One chart as a part of a page.
[[nodiscard]] inline std::string chart(const Chart& chart, std::string_view label) {
  return detail::in_page(chart.title, detail::chart_text(chart, label, 0, detail::narrow));
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
  std::string text = detail::grid(axes, "", 0);
  for (std::size_t i = 0; i < bars.counts.size(); ++i) {
    const double from = axes.across(bars.edges[i]), to = axes.across(bars.edges[i + 1]);
    const double top = axes.down(bars.counts[i]);
    text += "<rect x=\"" + detail::place(from) + "\" y=\"" + detail::place(top) + "\" width=\"" +
            detail::place(std::max(to - from - 0.5, 0.5)) + "\" height=\"" +
            detail::place(axes.bottom() - top) + "\" fill=\"#0072b2\"/>\n";
  }
  return detail::in_page(name, text);
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
  text += detail::text_at(detail::width / 2, 28, "middle", title, " font-size=\"16\"");
  for (std::size_t i = 0; i < charts.size(); ++i)
    text += detail::chart_text(charts[i], label, detail::heading + detail::height * static_cast<double>(i));
  return text + "</svg>\n";
}

}  // namespace kairos::plugins::svg
