// SPDX-License-Identifier: MIT
// Iterates over the fields of a CSV text (RFC 4180; lines end in \n, \r\n or \r).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "data/csv/number.hpp"

namespace kairos::host {

/// Faults of the text itself, independent of the meaning of its fields.
enum class CsvFault { None, OpenQuote, TextAfterQuote };

/// A position in a text, which is borrowed. `number` or `text` reads a field; `take_delimiter` or
/// `take_line_end` then moves to the next one.
class CsvCursor {
 public:
  /// `line` is the number of the line in which the text begins.
  CsvCursor(std::string_view text, char delimiter, std::int64_t line = 1)
      : begin_(text.data()),
        at_(text.data()),
        end_(text.data() + text.size()),
        delimiter_(delimiter),
        line_(line) {}

  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
  /// What has not been read yet.
  [[nodiscard]] std::string_view rest() const noexcept { return {at_, end_}; }
  /// The line of the next field, counted from 1.
  [[nodiscard]] std::int64_t line() const noexcept { return line_; }

  /// Reads the next field if it is a plain number that fits float32, as nearly all are; otherwise does not
  /// move.
  bool number(float& value) noexcept {
    if (end_ - at_ >= fast_number_ahead && at_ - begin_ >= fast_number_behind) {
      const char* p = at_;
      if (fast_number(p, value) && (*p == delimiter_ || *p == '\n' || *p == '\r')) {
        at_ = p;
        return true;
      }
    }
    return unusual_number(value);
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

  /// Whether the next line contains only spaces.
  [[nodiscard]] bool at_blank_line() const noexcept {
    const char* p = at_;
    while (p != end_ && *p == ' ') ++p;
    return p == end_ || *p == '\n' || *p == '\r';
  }
  void skip_blank_line() noexcept {
    while (at_ != end_ && *at_ == ' ') ++at_;
    take_line_end();
  }
  /// Skips `count` lines, each of which ends in a line feed.
  void skip_lines(std::int64_t count) noexcept {
    for (; count > 0 && at_ != end_; --count, ++line_) {
      const void* feed = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
      at_ = feed == nullptr ? end_ : static_cast<const char*>(feed) + 1;
    }
  }
  /// Continues at `position` of the rest, which is `lines` lines further on.
  void move_to(const char* position, std::int64_t lines) noexcept {
    at_ = position;
    line_ += lines;
  }

 private:
  bool unusual_number(float& value) noexcept;

  const char* begin_;
  const char* at_;
  const char* end_;
  char delimiter_;
  std::int64_t line_;
};

}  // namespace kairos::host
