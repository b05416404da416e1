// SPDX-License-Identifier: MIT
// Fields that are not plain numbers: with blanks, quoted, or text.
#include "data/csv/cursor.hpp"

#include <algorithm>
#include <charconv>

namespace kairos::host {

bool CsvCursor::unusual_number(float& value) noexcept {
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

CsvFault CsvCursor::text(std::string& field) {
  field.clear();
  if (at_ == end_ || *at_ != '"') {
    const char* stop =
        std::find_if(at_, end_, [this](char c) { return c == delimiter_ || c == '\n' || c == '\r'; });
    const char* first = std::find_if(at_, stop, [](char c) { return c != ' '; });
    while (stop != first && stop[-1] == ' ') --stop;
    field.assign(first, stop);
    at_ = std::find_if(stop, end_, [](char c) { return c != ' '; });
    return CsvFault::None;
  }
  const std::int64_t opened_at = line_;
  const char* p = at_ + 1;
  std::int64_t line = line_;
  for (;; ++p) {
    if (p == end_) {
      line_ = opened_at;
      return CsvFault::OpenQuote;
    }
    if (*p == '"') {
      if (p + 1 == end_ || p[1] != '"') break;
      ++p;
    }
    line += *p == '\n' ? 1 : 0;
    field += *p;
  }
  for (++p; p != end_ && *p == ' ';) ++p;
  if (p != end_ && *p != delimiter_ && *p != '\n' && *p != '\r') return CsvFault::TextAfterQuote;
  at_ = p;
  line_ = line;
  return CsvFault::None;
}

}  // namespace kairos::host
