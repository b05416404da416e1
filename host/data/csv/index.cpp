// SPDX-License-Identifier: MIT
// Counts line feeds some hundred bytes at a time, and byte by byte only where there are quotes or lone
// carriage returns.
#include "data/csv/index.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "data/csv/block.hpp"
#include "data/reading_threads.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t piece_size = std::size_t{1} << 18;
constexpr std::int64_t rows_between = 64;
constexpr std::uint64_t bytes_between = 65536;

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r';
}

/// The end of the last character from `begin` on that is not blank.
std::uint64_t end_of_text(const InputFile& file, std::uint64_t begin) {
  std::vector<char> piece(piece_size);
  for (std::uint64_t end = file.size(); end > begin;) {
    const std::uint64_t from = end - std::min<std::uint64_t>(end - begin, piece_size);
    const std::span<char> bytes = std::span(piece).first(end - from);
    file.read_all_at(from, std::as_writable_bytes(bytes));
    const auto last = std::find_if_not(bytes.rbegin(), bytes.rend(), is_blank);
    if (last != bytes.rend()) return from + static_cast<std::uint64_t>(bytes.rend() - last);
    end = from;
  }
  return begin;
}

/// A share of a file whose records all end in a line feed.
class PlainScan {
 public:
  /// Inspects [begin, end) of the file and the byte after it. Returns false at a quote, or at a carriage
  /// return without a line feed.
  bool scan(const InputFile& file, std::uint64_t begin, std::uint64_t end) {
    last_mark_ = begin;
    std::vector<char> piece(piece_size + 1);
    for (std::uint64_t at = begin; at < end; at += piece_size) {
      const std::size_t size = std::min<std::uint64_t>(piece_size, end - at);
      const std::size_t with_next = std::min<std::uint64_t>(size + 1, file.size() - at);
      file.read_all_at(at, std::as_writable_bytes(std::span(piece).first(with_next)));
      if (with_next == size) piece[size] = '\n';
      if (!scan_piece(piece.data(), size, at)) return false;
    }
    return true;
  }
  [[nodiscard]] std::int64_t line_feeds() const { return feeds_; }
  /// Rows are counted from the beginning of the share; lines are not set.
  [[nodiscard]] const std::vector<CsvMark>& marks() const { return marks_; }

 private:
  bool scan_piece(const char* bytes, std::size_t size, std::uint64_t offset) {
    for (std::size_t i = 0; i < size; i += csv_block_size) {
      const std::size_t n = std::min(csv_block_size, size - i);
      const CsvBlock block = n == csv_block_size ? look_(bytes + i) : look_at_csv_text(bytes + i, n);
      if (!block.plain) return false;
      if (block.line_feeds > 0) take(bytes + i, n, offset + i, block.line_feeds);
    }
    return true;
  }

  /// Counts line feeds, and marks the record after the last of them if a mark is required.
  void take(const char* bytes, std::size_t size, std::uint64_t offset, std::uint32_t feeds) {
    feeds_ += feeds;
    if (feeds_ - marked_row_ < rows_between && offset + size - last_mark_ < bytes_between) return;
    std::size_t after = size;
    while (bytes[after - 1] != '\n') --after;
    marks_.push_back({offset + after, feeds_, 0});
    marked_row_ = feeds_;
    last_mark_ = offset + after;
  }

  LookAtCsvBlock look_ = best_look_at_csv_block();
  std::int64_t feeds_ = 0, marked_row_ = 0;
  std::uint64_t last_mark_ = 0;
  std::vector<CsvMark> marks_;
};

bool index_plain(CsvIndex& index, const InputFile& file, const CsvTable& table, std::size_t threads) {
  const std::uint64_t begin = table.rows_begin, size = index.end - begin;
  std::vector<PlainScan> shares(threads);
  std::vector<char> plain(threads, 0);
  each_part_in_parallel(threads, [&](std::size_t i) {
    plain[i] = shares[i].scan(file, begin + size * i / threads, begin + size * (i + 1) / threads) ? 1 : 0;
  });
  if (std::find(plain.begin(), plain.end(), 0) != plain.end()) return false;
  index.marks.push_back({begin, 0, table.rows_line});
  std::int64_t before = 0;
  for (const PlainScan& share : shares) {
    for (const CsvMark& mark : share.marks())
      index.marks.push_back({mark.offset, before + mark.row, table.rows_line + before + mark.row});
    before += share.line_feeds();
  }
  index.rows = before + 1;
  return true;
}

/// Tracks for each byte whether a record has ended. As in CsvCursor, a quote opens a quoted field only at the
/// beginning of the field.
class RecordScan {
 public:
  RecordScan(char delimiter, std::int64_t line) : delimiter_(delimiter), line_(line) {}

  /// Whether a record begins with `c`, the next character.
  bool begins(char c) {
    bool first = false;
    if (ended_) {
      const bool pair = last_ == '\r' && c == '\n';
      last_ = c;
      if (pair) return false;
      ended_ = false;
      first = true;
      state_ = State::FieldBegin;
    }
    last_ = c;
    if (state_ == State::Quoted) {
      if (c == '"') state_ = State::QuoteSeen;
      if (c == '\n') ++line_;
    } else if (c == '"' && state_ != State::Field) {
      state_ = State::Quoted;
    } else if (c == '\n' || c == '\r') {
      ended_ = true;
      ++line_;
    } else {
      state_ = c == delimiter_ ? State::FieldBegin : State::Field;
    }
    return first;
  }
  /// Position and line of the next character.
  [[nodiscard]] std::int64_t line() const { return line_; }

 private:
  enum class State { FieldBegin, Field, Quoted, QuoteSeen };
  char delimiter_;
  std::int64_t line_;
  State state_ = State::FieldBegin;
  char last_ = '\0';
  bool ended_ = true;  ///< the first byte begins a record
};

void index_mixed(CsvIndex& index, const InputFile& file, const CsvTable& table) {
  index.ends = CsvEnds::Mixed;
  RecordScan scan(table.delimiter, table.rows_line);
  std::vector<char> piece(piece_size);
  for (std::uint64_t at = table.rows_begin; at < index.end; at += piece_size) {
    const std::span<char> bytes = std::span(piece).first(std::min<std::uint64_t>(piece_size, index.end - at));
    file.read_all_at(at, std::as_writable_bytes(bytes));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::int64_t line = scan.line();
      if (!scan.begins(bytes[i])) continue;
      const std::uint64_t offset = at + i;
      if (index.marks.empty() || index.rows - index.marks.back().row >= rows_between ||
          offset - index.marks.back().offset >= bytes_between)
        index.marks.push_back({offset, index.rows, line});
      ++index.rows;
    }
  }
}

}  // namespace

CsvIndex index_csv(const InputFile& file, const CsvTable& table, std::size_t threads) {
  CsvIndex index;
  index.end = end_of_text(file, table.rows_begin);
  if (index.end == table.rows_begin) return index;
  if (!index_plain(index, file, table, threads)) {
    index = {0, index.end, CsvEnds::Mixed, {}};
    index_mixed(index, file, table);
  }
  return index;
}

}  // namespace kairos::host
