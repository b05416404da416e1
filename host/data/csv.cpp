// SPDX-License-Identifier: MIT
// Each thread reads a share of the rows straight into the arrays.
#include "data/csv.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <optional>

#include "data/csv_file.hpp"
#include "data/in_parallel.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// Makes room for `count` values. Large pages are asked for first: a page fault for each 4 kilobytes costs as
/// much as a good part of the reading. Several threads then have the kernel make the pages.
void make_room(std::vector<float>& values, std::size_t count, std::size_t threads) {
  values.reserve(count);
  constexpr std::uintptr_t page = 4096, large_page = std::uintptr_t{1} << 21;
  const auto begin = (reinterpret_cast<std::uintptr_t>(values.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(values.data() + count);
  // Advice; where the kernel has none to take, nothing is lost.
  const auto advise = [](std::uintptr_t from, std::uintptr_t to, int advice) {
    if (to > from) static_cast<void>(::madvise(reinterpret_cast<void*>(from), to - from, advice));
  };
  advise(begin, end, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
  if (end > begin + large_page)
    in_parallel(threads, [&](std::size_t i) {
      const auto bound = [&](std::size_t share) {
        return share == 0         ? begin
               : share == threads ? end / page * page
                                  : (begin + (end - begin) / threads * share) / large_page * large_page;
      };
      advise(bound(i), bound(i + 1), MADV_POPULATE_WRITE);
    });
#endif
  values.resize(count);
}

/// In a file of this many rows and columns some row is short, or it would be longer than it is: finds it. Row
/// by row, because the arrays for such a file could be larger than any memory.
[[noreturn]] void refuse_short_rows(const CsvFile& file) {
  const std::vector<CsvSink>& sinks = file.table().columns.sinks;
  std::vector<std::vector<float>> values;
  Labels labels;
  CsvDestination to{{}, &labels};
  for (std::size_t i = 0; i < sinks.size(); ++i)
    to.places[i] = values.emplace_back(std::vector<float>(sinks[i].width)).data();
  CsvFile::Text text;
  for (std::int64_t row = 0; row < file.rows(); ++row) file.read(row, 1, to, text);
  throw Error(ErrorKind::File, {"KAIROS-F014", file.table().name, "the file has changed while it was read",
                                "", "", "Let nothing else write to it, and run again"});
}

/// Room for all rows, for each sink.
struct Values {
  Values(const CsvFile& file, std::size_t threads) : sinks(file.table().columns.sinks), of(sinks.size()) {
    const std::optional<std::size_t> labels = file.table().label_column;
    if (labels) label_sink = file.table().columns.all[*labels].sink;
    for (std::size_t i = 0; i < sinks.size(); ++i)
      if (i != label_sink) make_room(of[i], static_cast<std::size_t>(file.rows()) * sinks[i].width, threads);
  }
  /// Where row `row` belongs.
  CsvDestination at(std::int64_t row, Labels& labels) {
    CsvDestination to{{}, &labels};
    for (std::size_t i = 0; i < sinks.size(); ++i)
      if (i != label_sink) to.places[i] = of[i].data() + static_cast<std::size_t>(row) * sinks[i].width;
    return to;
  }
  const std::vector<CsvSink>& sinks;
  std::vector<std::vector<float>> of;
  std::optional<std::size_t> label_sink;
};

}  // namespace

Dataset read_csv(const DataSpec& spec, std::size_t threads) {
  const CsvFile file(spec, threads);
  const CsvTable& table = file.table();
  if (static_cast<std::uint64_t>(file.rows()) > (file.bytes() + 1) / table.columns.all.size())
    refuse_short_rows(file);
  const std::size_t shares = threads > 0 ? threads : threads_for(file.bytes());
  Values values(file, shares);
  std::vector<Labels> labels(shares);
  in_parallel(shares, [&](std::size_t i) {
    const auto bound = [&](std::size_t share) {
      return file.cheap_row(file.rows() * static_cast<std::int64_t>(share) /
                            static_cast<std::int64_t>(shares));
    };
    CsvFile::Text text;
    const std::int64_t first = bound(i);
    file.read(first, bound(i + 1) - first, values.at(first, labels[i]), text);
  });

  Dataset data;
  data.origin = table.name;
  data.first_row = table.rows_line - 1;
  data.row_naming = RowNaming::Line;
  if (values.label_sink) {
    Labels all = std::move(labels.front());
    for (std::size_t i = 1; i < shares; ++i) all.append(labels[i]);
    values.of[*values.label_sink] = all.numbers(spec.class_names, data);
    data.class_names = spec.class_names.empty() ? all.sorted() : spec.class_names;
  }
  for (std::size_t i = 0; i < values.sinks.size(); ++i)
    csv_group(data, values.sinks[i].use)
        .push_back(
            {values.sinks[i].port, {csv_shape(values.sinks[i], file.rows()), std::move(values.of[i])}});
  return data;
}

Array read_csv_column(const std::filesystem::path& path) {
  DataSpec spec;
  spec.file = path;
  spec.target_use = TargetUse::Optional;
  Array column = std::move(read_csv(spec).inputs.front().array);
  if (column.row_size() != 1)
    throw Error(ErrorKind::Data, {"KAIROS-D041", path.string(), "the file has more than one column",
                                  std::to_string(column.row_size()), "1", "Give a file of one column"});
  column.shape = {column.rows()};
  return column;
}

}  // namespace kairos::host
