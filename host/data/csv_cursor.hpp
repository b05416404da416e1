// SPDX-License-Identifier: MIT
// Walks over the fields of a CSV text (RFC 4180; lines end in \n, \r\n or \r).
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

/// What is wrong with the text itself, whatever its fields mean.
enum class CsvFault { None, OpenQuote, TextAfterQuote };

/// A position in a text that it borrows. A field is read by `number` or `text`; then `take_delimiter` or
/// `take_line_end` goes on.
class CsvCursor {
 public:
  CsvCursor(std::string_view text, char delimiter)
      : at_(text.data()), end_(text.data() + text.size()), delimiter_(delimiter) {}

  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
  /// Counted from 1, of the field that comes next.
  [[nodiscard]] std::int64_t line() const noexcept { return line_; }

  /// Reads the next field if it is a plain number that fits float32, which is nearly always; else stays in
  /// front of it.
  bool number(float& value) noexcept {
    const char* begin = at_;
    while (begin != end_ && *begin == ' ') ++begin;
    if (begin + 1 < end_ && *begin == '+' && begin[1] != '-') ++begin;
    const auto [stop, error] = std::from_chars(begin, end_, value);
    if (error != std::errc{}) return false;
    const char* next = stop;
    while (next != end_ && *next == ' ') ++next;
    if (next != end_ && *next != delimiter_ && *next != '\n' && *next != '\r') return false;
    at_ = next;
    return true;
  }

  /// Reads the next field as text, without its quotes.
  CsvFault text(std::string& field);

  bool take_delimiter() noexcept {
    if (at_ == end_ || *at_ != delimiter_) return false;
    ++at_;
    return true;
  }

  /// Also true at the end of the text.
  bool take_line_end() noexcept {
    if (at_ == end_) return true;
    if (*at_ != '\n' && *at_ != '\r') return false;
    if (*at_++ == '\r' && at_ != end_ && *at_ == '\n') ++at_;
    ++line_;
    return true;
  }

  /// A line with nothing but spaces in it comes next.
  [[nodiscard]] bool at_blank_line() const noexcept {
    const char* p = at_;
    while (p != end_ && *p == ' ') ++p;
    return p == end_ || *p == '\n' || *p == '\r';
  }
  void skip_blank_line() noexcept {
    while (at_ != end_ && *at_ == ' ') ++at_;
    take_line_end();
  }

 private:
  const char* at_;
  const char* end_;
  char delimiter_;
  std::int64_t line_ = 1;
};

}  // namespace kairos::host
