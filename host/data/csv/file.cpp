// SPDX-License-Identifier: MIT
// Reads from mark to mark, so that every piece contains whole records.
#include "data/csv/file.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "data/reading_threads.hpp"

namespace kairos::host {

namespace {

CsvTable open_table(const InputFile& file, const DataSpec& spec) {
  CsvTable table;
  std::string head;
  for (std::uint64_t size = csv_head;; size *= 8) {
    head.resize(std::min(size, file.size()));
    file.read_all_at(0, std::as_writable_bytes(std::span(head)));
    const CsvHead extent = head.size() == file.size() ? CsvHead::Whole : CsvHead::Part;
    if (read_csv_table(table, spec, head, extent)) return table;
  }
}

}  // namespace

CsvFile::CsvFile(const DataSpec& spec, std::size_t threads)
    : file_(spec.file, EmptyFile::Opened),
      table_(unless_changed(file_, [&] { return open_table(file_, spec); })),
      index_(unless_changed(
          file_,
          [&] { return index_csv(file_, table_, threads > 0 ? threads : reading_threads(file_.size())); })),
      parser_(table_) {
  if (index_.rows > 0) return;
  file_.check_unchanged();
  refuse_empty_csv(table_, table_.header ? "only a header" : "only empty lines");
}

std::int64_t CsvFile::cheap_row(std::int64_t row) const {
  const auto mark =
      std::lower_bound(index_.marks.begin(), index_.marks.end(), row,
                       [](const CsvMark& one, std::int64_t wanted) { return one.row < wanted; });
  return mark == index_.marks.end() ? index_.rows : mark->row;
}

void CsvFile::read(std::int64_t first, std::int64_t count, CsvDestination to, Text& text) const {
  constexpr std::uint64_t piece_size = std::uint64_t{1} << 18;
  auto mark = std::upper_bound(index_.marks.begin(), index_.marks.end(), first,
                               [](std::int64_t wanted, const CsvMark& one) { return wanted < one.row; }) -
              1;
  const std::int64_t end = first + count;
  while (first < end) {
    auto next = mark + 1;
    while (next != index_.marks.end() && next->row < end && next->offset - mark->offset < piece_size) ++next;
    const bool last = next == index_.marks.end();
    const std::uint64_t size = (last ? index_.end : next->offset) - mark->offset;
    const std::int64_t rows_end = std::min(end, last ? index_.rows : next->row);
    if (text.size() < size + 2 * plain_rows_room) text.resize(size + 2 * plain_rows_room);
    const std::span<char> piece = std::span(text).subspan(plain_rows_room, size);
    file_.read_all_at(mark->offset, std::as_writable_bytes(piece));
    CsvCursor cursor({piece.data(), size}, table_.delimiter, mark->line);
    if (index_.ends == CsvEnds::Plain)
      cursor.skip_lines(first - mark->row);
    else
      parser_.skip(cursor, first - mark->row);
    to.text = piece.data();
    to.text_offset = mark->offset;
    parser_.read(cursor, first, rows_end - first, to);
    first = rows_end;
    mark = next;
  }
}

std::vector<NamedArray>& csv_group(Dataset& data, ColumnUse use) {
  return use == ColumnUse::Input    ? data.inputs
         : use == ColumnUse::Target ? data.targets
                                    : data.sample_weights;
}

std::vector<std::string> csv_names(const CsvTable& table, std::size_t sink) {
  return table.columns.sinks[sink].use == ColumnUse::Input ? table.columns.names_of(sink)
                                                           : std::vector<std::string>();
}

std::vector<std::int64_t> csv_shape(const CsvSink& sink, std::int64_t rows) {
  if (sink.use != ColumnUse::Input && sink.width == 1) return {rows};
  return {rows, static_cast<std::int64_t>(sink.width)};
}

}  // namespace kairos::host
