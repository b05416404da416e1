// SPDX-License-Identifier: MIT
// Widths are counted in columns of the terminal, without the escape sequences of colours.
#include "screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace kairos::plugins {

namespace {

constexpr std::size_t most_cells = 20;
constexpr std::size_t fewest_cells = 5;

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

/// True if the first of these variables that is set names UTF-8, as in setlocale().
bool is_utf8_locale() {
  std::string_view locale;
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale.empty()) locale = variable(name);
  std::string folded;
  for (const char c : locale)
    if (c != '-') folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return folded.find("utf8") != std::string::npos;
}

bool is_wide(std::uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string bar(const Screen& screen, double done, std::size_t cells) {
  const auto filled = static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * static_cast<double>(cells));
  const std::string_view cell = screen.unicode ? "\u2501" : "=";
  const std::string front = repeated(cell, filled);
  if (!screen.colours) return front + std::string(cells - filled, '.');
  return (filled > 0 ? "\x1b[32m" + front + "\x1b[0m" : "") + "\x1b[37m" +
         repeated(screen.unicode ? cell : ".", cells - filled) + "\x1b[0m";
}

}  // namespace

Screen Screen::of_output() {
  Screen screen;
  screen.in_place = ::isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb";
  screen.colours = screen.in_place && variable("NO_COLOR").empty();
  screen.unicode = is_utf8_locale();
  return screen;
}

std::size_t output_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    std::uint32_t c = length == 1 ? byte : byte & (0x7FU >> length);
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
      c = c << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    width += is_wide(c) ? 2 : 1;
    i += length;
  }
  return width;
}

std::string printable(std::string_view text) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  const auto escape = [&out](unsigned byte) { out += {'\\', 'x', digits[byte >> 4], digits[byte & 15U]}; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const bool is_c1 = byte == 0xC2 && next >= 0x80 && next < 0xA0;  // controls a terminal as one character
    if (is_c1) {
      escape(byte);
      escape(next);
      ++i;
    } else if (byte < ' ' || byte == 0x7F) {
      escape(byte);
    } else {
      out += text[i];
    }
  }
  return out;
}

std::size_t ProgressLine::width(std::size_t cells, std::size_t value_count) const {
  std::size_t width = width_of(count) + 1 + width_of(time) + width_of(per_step);
  if (cells > 0) width += cells + 1;
  for (std::size_t i = 0; i < value_count; ++i) width += 3 + width_of(values[i]);
  return width;
}

std::string ProgressLine::text(const Screen& screen, std::size_t cells, std::size_t value_count) const {
  const auto bold = [&screen](const std::string& part) {
    return screen.colours ? "\x1b[1m" + part + "\x1b[0m" : part;
  };
  std::string out = bold(count) + " ";
  if (cells > 0) out += bar(screen, done, cells) + " ";
  out += bold(time) + per_step;
  for (std::size_t i = 0; i < value_count; ++i) out += " - " + values[i];
  return out;
}

std::string ProgressLine::complete(const Screen& screen, std::size_t columns) const {
  std::size_t cells = done < 0 ? 0 : most_cells;
  while (columns > 0 && cells > 0 && width(cells, values.size()) >= columns)
    cells = cells > fewest_cells ? cells - 1 : 0;
  return text(screen, cells, values.size());
}

std::string ProgressLine::fitted(const Screen& screen, std::size_t columns) const {
  std::size_t cells = done < 0 ? 0 : most_cells;
  std::size_t shown = values.size();
  const auto is_too_wide = [&] { return width(cells, shown) >= columns; };
  while (is_too_wide() && cells > fewest_cells) --cells;
  while (is_too_wide() && shown > 1) --shown;
  if (is_too_wide()) cells = 0;
  if (is_too_wide()) shown = 0;
  if (!is_too_wide()) return text(screen, cells, shown);
  const std::size_t room = columns > 0 ? columns - 1 : 0;
  return width_of(count) <= room ? count : count.substr(0, room);
}

}  // namespace kairos::plugins
