// SPDX-License-Identifier: MIT
// Turns a CSV file into a data set.
#include "data/csv/dataset.hpp"

#include "base/available_memory.hpp"
#include "data/csv/chunks.hpp"
#include "data/csv/file.hpp"
#include "data/reading_threads.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// With this many rows and columns the file would be longer than it is, so some row is short: finds it. Reads
/// row by row, because the arrays for such a file could exceed any memory.
[[noreturn]] void refuse_short_rows(const CsvFile& file) {
  const std::vector<CsvSink>& sinks = file.table().columns.sinks;
  std::vector<std::vector<float>> values;
  Labels labels;
  CsvDestination to{{}, &labels};
  for (std::size_t i = 0; i < sinks.size(); ++i)
    to.places[i] = values.emplace_back(std::vector<float>(sinks[i].width)).data();
  CsvFile::Text text;
  for (std::int64_t row = 0; row < file.rows(); ++row) file.read(row, 1, to, text);
  throw Error(ErrorKind::File, {"KAIROS-F080", file.table().name, "the file changed while it was being read",
                                "", "", "Make sure that nothing else writes to it, and run again"});
}

/// All rows, if they fit into memory.
CsvValues read_values(const CsvFile& file, std::size_t threads) {
  const CsvTable& table = file.table();
  if (static_cast<std::uint64_t>(file.rows()) > (file.bytes() + 1) / table.columns.all.size())
    refuse_short_rows(file);
  std::uint64_t values_of_row = 0;
  for (const CsvSink& sink : table.columns.sinks) values_of_row += sink.width;
  require_memory(table.name, static_cast<std::uint64_t>(file.rows()) * values_of_row * sizeof(float));
  return read_all_rows(file, threads > 0 ? threads : reading_threads(file.bytes()));
}

}  // namespace

Dataset read_csv(const DataSpec& spec, std::size_t threads) {
  const CsvFile file(spec, threads);
  const CsvTable& table = file.table();
  CsvValues values = unless_changed(file, [&] { return read_values(file, threads); });
  file.check_unchanged();

  Dataset data;
  data.origin = table.name;
  data.first_row = table.rows_line - 1;
  data.row_naming = RowNaming::Line;
  data.notes = table.notes;
  if (values.label_sink) {
    values.of[*values.label_sink] = values.labels.numbers(spec.class_names, data);
    data.class_names = spec.class_names.empty() ? values.labels.sorted() : spec.class_names;
  }
  const std::vector<CsvSink>& sinks = table.columns.sinks;
  for (std::size_t i = 0; i < sinks.size(); ++i)
    csv_group(data, sinks[i].use)
        .push_back({sinks[i].port,
                    {csv_shape(sinks[i], file.rows()), std::move(values.of[i])},
                    csv_names(table, i)});
  return data;
}

}  // namespace kairos::host
