// SPDX-License-Identifier: MIT
// A cell of braille is 2 dots wide and 4 high; in ASCII a cell is one dot.
#include "cli/plot_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace kairos::host::cli {

namespace {

/// Without colours, curves are told apart by their dots: solid, then every third, then every fifth.
constexpr int dot_distances[] = {1, 3, 5};
constexpr const char* braille_marks[] = {"━━", "┅┅", "┉┉"};
constexpr char ascii_marks[] = {'*', 'o', '+'};

std::size_t kind_of_curve(std::size_t curve) {
  return std::min<std::size_t>(curve, 2);
}

class Canvas {
 public:
  Canvas(std::size_t width, std::size_t height, bool braille)
      : width_(width), height_(height), braille_(braille), cells_(width * height, braille ? 0U : ' ') {}

  [[nodiscard]] std::int64_t dots_across() const {
    return static_cast<std::int64_t>(width_ * (braille_ ? 2 : 1));
  }
  [[nodiscard]] std::int64_t dots_down() const {
    return static_cast<std::int64_t>(height_ * (braille_ ? 4 : 1));
  }

  /// `y` counts from above.
  void dot(std::int64_t x, std::int64_t y, std::size_t curve) {
    if (x < 0 || y < 0 || x >= dots_across() || y >= dots_down()) return;
    const auto column = static_cast<std::size_t>(x), row = static_cast<std::size_t>(y);
    if (!braille_) {
      std::uint32_t& cell = cells_[row * width_ + column];
      if (cell == ' ') cell = static_cast<unsigned char>(ascii_marks[kind_of_curve(curve)]);
      return;
    }
    constexpr std::uint32_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    cells_[row / 4 * width_ + column / 2] |= bits[row % 4][column % 2];
  }

  void line(std::int64_t x, std::int64_t y, std::int64_t to_x, std::int64_t to_y, std::size_t curve) {
    const std::int64_t steps = std::max({std::abs(to_x - x), std::abs(to_y - y), std::int64_t{1}});
    const std::int64_t distance = braille_ ? dot_distances[kind_of_curve(curve)] : 1;
    for (std::int64_t i = 0; i <= steps; ++i) {
      const double part = static_cast<double>(i) / static_cast<double>(steps);
      const auto at = [&](std::int64_t from, std::int64_t to) {
        return std::llround(static_cast<double>(from) + part * static_cast<double>(to - from));
      };
      if ((x + i) % distance == 0 || i == steps) dot(at(x, to_x), at(y, to_y), curve);
    }
  }

  [[nodiscard]] std::string row(std::size_t row) const {
    std::string text;
    for (std::size_t column = 0; column < width_; ++column) {
      const std::uint32_t cell = cells_[row * width_ + column];
      if (!braille_ || cell == 0) {
        text += braille_ ? ' ' : static_cast<char>(cell);
        continue;
      }
      // U+2800 and the dots, in UTF-8.
      text += '\xE2';
      text += static_cast<char>(0xA0 | (cell >> 6));
      text += static_cast<char>(0x80 | (cell & 0x3F));
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }

 private:
  std::size_t width_, height_;
  bool braille_;
  std::vector<std::uint32_t> cells_;
};

std::int64_t scaled(double value, Range range, std::int64_t dots) {
  return std::llround(range.part(value) * static_cast<double>(dots - 1));
}

void draw(Canvas& canvas, const Chart& chart, Range values, Range epochs) {
  // The first curve is drawn last in braille and first in ASCII, where it keeps its cells.
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    std::optional<std::pair<std::int64_t, std::int64_t>> last;
    for (std::size_t at = 0; at < chart.curves[i].values.size(); ++at) {
      const std::optional<double>& value = chart.curves[i].values[at];
      if (!value) {
        last.reset();
        continue;
      }
      const std::int64_t x = scaled(static_cast<double>(chart.epochs[at]), epochs, canvas.dots_across());
      const std::int64_t y = canvas.dots_down() - 1 - scaled(*value, values, canvas.dots_down());
      if (last)
        canvas.line(last->first, last->second, x, y, i);
      else
        canvas.dot(x, y, i);
      last = {x, y};
    }
  }
}

std::string legend(const Chart& chart, bool braille) {
  std::string text;
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    const std::string mark =
        braille ? braille_marks[kind_of_curve(i)] : std::string(1, ascii_marks[kind_of_curve(i)]);
    text += (i == 0 ? "" : "   ") + mark + " " + chart.curves[i].name;
  }
  return text;
}

/// Numbers of epochs below the axis, where they do not touch.
std::string epoch_labels(Range epochs, std::size_t width, std::size_t indent) {
  std::string line(indent, ' ');
  for (const double tick : epoch_ticks(epochs, std::max<std::size_t>(2, width / 10))) {
    const std::string text = tick_text(tick);
    const auto at = static_cast<std::size_t>(scaled(tick, epochs, static_cast<std::int64_t>(width)));
    const std::size_t begin = indent + std::min(at, width - std::min(width, text.size()));
    if (line.size() > indent && begin <= line.size()) continue;
    line.resize(std::max(begin, line.size()), ' ');
    line += text;
  }
  return line;
}

}  // namespace

std::string text_of(const Chart& chart, const TextStyle& style) {
  constexpr std::size_t around = 3;  // title, axis, numbers of epochs
  const std::size_t height = std::max<std::size_t>(style.rows, around + 3) - around;
  const Range values = range_of(chart);
  const Range epochs = epochs_of(chart);
  std::vector<std::string> labels(height);
  std::size_t margin = 0;
  for (const double tick : ticks(values, std::max<std::size_t>(2, height / 2))) {
    const auto row = static_cast<std::size_t>(scaled(tick, values, static_cast<std::int64_t>(height)));
    labels[height - 1 - row] = tick_text(tick);
    margin = std::max(margin, labels[height - 1 - row].size());
  }
  Canvas canvas(std::max<std::size_t>(style.columns, margin + 10) - margin - 2, height, style.braille);
  draw(canvas, chart, values, epochs);
  const std::size_t width = style.columns > margin + 12 ? style.columns - margin - 2 : 8;
  std::string text = chart.title + " by epoch:  " + legend(chart, style.braille) + "\n";
  for (std::size_t row = 0; row < height; ++row) {
    const char* edge = style.braille ? (labels[row].empty() ? "│" : "┤") : (labels[row].empty() ? "|" : "+");
    text += std::string(margin - labels[row].size(), ' ') + labels[row] + " " + edge + canvas.row(row) + "\n";
  }
  text += std::string(margin + 1, ' ') + (style.braille ? "└" : "+");
  for (std::size_t i = 0; i < width; ++i) text += style.braille ? "─" : "-";
  return text + "\n" + epoch_labels(epochs, width, margin + 2) + "\n";
}

}  // namespace kairos::host::cli
