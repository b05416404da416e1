// SPDX-License-Identifier: MIT
// What the output can show, and a progress line that fits into it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins {

/// What standard output can show. Asked at the start of each epoch.
struct Screen {
  bool in_place = false;  ///< a terminal on which a line can be replaced (not TERM=dumb)
  bool colours = false;   ///< in place, and NO_COLOR is not set
  bool unicode = false;   ///< the locale's encoding is UTF-8; otherwise ASCII only

  [[nodiscard]] static Screen of_output();
};

/// Columns of the terminal at this moment; 80 if it does not say.
[[nodiscard]] std::size_t output_columns();

/// Columns that UTF-8 text without escape sequences takes; East Asian wide characters take two.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// The text with control characters as `\x1b`.
[[nodiscard]] std::string printable(std::string_view text);

/// The parts of a progress line.
struct ProgressLine {
  std::string count;                ///< "12/250"
  double done = -1;                 ///< part of the bar that is filled, 0 to 1; negative: no bar
  std::string time;                 ///< "3s"
  std::string per_step;             ///< " 12ms/step", or empty
  std::vector<std::string> values;  ///< "loss: 0.1234"

  /// The whole line, with all values. The bar is shortened, or left out, if the line is wider than `columns`
  /// (0: any width).
  [[nodiscard]] std::string complete(const Screen& screen, std::size_t columns) const;
  /// A line of less than `columns`: a shorter bar, then fewer values, no bar, no values, no time.
  [[nodiscard]] std::string fitted(const Screen& screen, std::size_t columns) const;

 private:
  [[nodiscard]] std::size_t width(std::size_t cells, std::size_t value_count) const;
  [[nodiscard]] std::string text(const Screen& screen, std::size_t cells, std::size_t value_count) const;
};

/// Says at most once per interval that it is time.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  constexpr explicit Pace(Clock::duration interval) : interval_(interval) {}

  void restart(Clock::time_point now) { last_ = now; }
  [[nodiscard]] bool is_due(Clock::time_point now) {
    if (now - last_ < interval_) return false;
    last_ = now;
    return true;
  }

 private:
  Clock::duration interval_;
  Clock::time_point last_{};
};

}  // namespace kairos::plugins
