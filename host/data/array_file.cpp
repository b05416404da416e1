// SPDX-License-Identifier: MIT
// The ending chooses the reader.
#include "data/array_file.hpp"

#include <utility>

#include "data/csv.hpp"
#include "io/hdf5_data.hpp"
#include "io/hdf5_isolated.hpp"
#include "io/idx.hpp"
#include "io/npy.hpp"

namespace kairos::host {

namespace {

Array read_table(const std::string& file) {
  DataSpec spec;
  spec.file = file;
  spec.target_use = TargetUse::Optional;
  return std::move(read_csv(spec).inputs.front().array);
}

Array read_any(const std::string& file, CsvWidth width) {
  if (const auto location = hdf5_location(file))
    return read_hdf5_data_isolated(location->file, location->dataset);
  if (is_idx_name(file)) return read_idx(file);
  if (file.ends_with(".npy")) return read_npy(file);
  return width == CsvWidth::Table ? read_table(file) : read_csv_column(file);
}

}  // namespace

bool names_file(const std::string& text) {
  return text.ends_with(".npy") || text.ends_with(".csv") || is_idx_name(text) || hdf5_location(text);
}

Array read_array_file(const std::string& file, CsvWidth width) {
  Dataset alone;
  alone.origin = file;
  alone.inputs.push_back({"", read_any(file, width)});
  alone.check();
  return std::move(alone.inputs.front().array);
}

}  // namespace kairos::host
