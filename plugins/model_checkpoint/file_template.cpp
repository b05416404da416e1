// SPDX-License-Identifier: MIT
// Parses the fields once, before training; formatting a name cannot fail.
#include "file_template.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <kairos/error.hpp>
#include <string>
#include <utility>

#include "../common/python_number.hpp"

namespace kairos::plugins {

namespace {

constexpr int largest_width = 64;
constexpr int largest_precision = 32;

[[noreturn]] void refuse(std::string_view field, const std::string& why) {
  throw Error("filepath: the field {" + std::string(field) + "} " + why);
}

/// Removes the digits at the front of `text` and returns their value; -1 if there are none.
int take_number(std::string_view& text) {
  int number = -1;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    number = std::min(std::max(number, 0) * 10 + (text.front() - '0'), 100000);
    text.remove_prefix(1);
  }
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

FileTemplate::Format read_format(std::string_view field, std::string_view text, bool whole) {
  FileTemplate::Format format;
  if (take(text, '+'))
    format.sign = '+';
  else if (take(text, ' '))
    format.sign = ' ';
  else
    take(text, '-');
  format.zeros = take(text, '0');
  format.width = std::max(take_number(text), 0);
  if (take(text, '.')) {
    format.precision = take_number(text);
    if (format.precision < 0) refuse(field, "has no digits after the decimal point. Write for example .2f");
  }
  if (!text.empty()) {
    format.type = text.front();
    text.remove_prefix(1);
  }
  if (!text.empty() || std::string_view("\0dfFeEgG%", 9).find(format.type) == std::string_view::npos)
    refuse(field,
           "has an unsupported format. Write [+][0][width][.precision] and one of d, f, e, g, F, "
           "E, G, %");
  if (format.width > largest_width || format.precision > largest_precision)
    refuse(field, "has a width above 64 or a precision above 32. Write smaller numbers");
  if (format.type == 'd' && !whole)
    refuse(field, "is not an integer, which d requires. Write for example .2f");
  if ((format.type == 'd' || format.type == '\0') && format.precision >= 0)
    refuse(field, "has a precision without a type that uses it. Add f, e or g");
  return format;
}

FileTemplate::Piece read_field(std::string_view field) {
  const std::size_t colon = std::min(field.find(':'), field.size());
  FileTemplate::Piece piece;
  piece.key = field.substr(0, colon);
  if (piece.key.empty())
    refuse(field, "has no key. Write {epoch}, {loss} or another log key, or {{ for a literal brace");
  piece.format =
      read_format(field, field.substr(std::min(colon + 1, field.size())), FileTemplate::is_whole(piece.key));
  return piece;
}

/// The digits of |value|, without sign and padding.
std::string digits(double value, const FileTemplate::Format& format, bool whole) {
  std::array<char, 400> text{};  // 309 digits before the decimal point, 32 after it.
  char* const begin = text.data();
  char* const end = begin + text.size();
  const int precision = format.precision < 0 ? 6 : format.precision;
  switch (format.type) {
    case 'f':
    case 'F':
    case '%':
      return {begin, std::to_chars(begin, end, value, std::chars_format::fixed, precision).ptr};
    case 'e':
    case 'E':
      return {begin, std::to_chars(begin, end, value, std::chars_format::scientific, precision).ptr};
    case 'g':
    case 'G':
      return {begin, std::to_chars(begin, end, value, std::chars_format::general, precision).ptr};
    default:
      if (!whole) return python_number(value);
      return {begin, std::to_chars(begin, end, static_cast<std::int64_t>(value)).ptr};
  }
}

}  // namespace

FileTemplate::FileTemplate(std::string_view text, std::string literal) {
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if ((c == '{' || c == '}') && take(text, c)) {
      literal += c;
    } else if (c == '}') {
      throw Error("filepath has a } without a {. Write }} for a literal brace");
    } else if (c == '{') {
      const std::size_t close = text.find('}');
      if (close == std::string_view::npos)
        throw Error("filepath has a { without a }. Write {{ for a literal brace");
      Piece piece = read_field(text.substr(0, close));
      piece.text = std::move(literal);
      literal.clear();
      pieces_.push_back(std::move(piece));
      text.remove_prefix(close + 1);
    } else {
      literal += c;
    }
  }
  pieces_.push_back({std::move(literal), "", {}});
}

std::string formatted(double value, const FileTemplate::Format& format, bool whole) {
  const bool negative = !std::isnan(value) && std::signbit(value);
  const double size = std::fabs(format.type == '%' ? value * 100.0 : value);
  std::string text = std::isnan(size) ? "nan" : std::isinf(size) ? "inf" : digits(size, format, whole);
  if (format.type == 'F' || format.type == 'E' || format.type == 'G')
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (format.type == '%') text += '%';
  const std::string sign = negative ? "-" : format.sign == '-' ? "" : std::string(1, format.sign);
  const std::size_t length = sign.size() + text.size();
  const std::size_t missing = std::max(static_cast<std::size_t>(format.width), length) - length;
  return format.zeros ? sign + std::string(missing, '0') + text : std::string(missing, ' ') + sign + text;
}

}  // namespace kairos::plugins
