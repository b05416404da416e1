// SPDX-License-Identifier: MIT
// The name of a file chooses its kind.
#include "data/rows/array_rows.hpp"

#include <filesystem>

#include "io/idx.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

void check_has_rows(const std::vector<std::int64_t>& shape, const std::string& name) {
  if (shape.empty())
    throw Error(ErrorKind::Data,
                {"KAIROS-D010", name, "the array has another number of rows", "a single value",
                 "a row for each sample", "Give as many rows in each array"});
}

std::unique_ptr<ArrayRows> open_array_rows(const std::string& file, const ArrayFileOptions& options) {
  if (const auto location = hdf5_location(file)) return open_hdf5_rows(*location);
  if (is_idx_name(file)) return open_idx_rows(file);
  if (file.ends_with(".npy")) return open_npy_rows(file);
  if (file.ends_with(".csv")) return open_table_rows(file, options);
  const std::string ending = std::filesystem::path(file).extension().string();
  throw Error(ErrorKind::Data,
              {"KAIROS-D090", file, "this kind of file cannot be streamed", "\"" + ending + "\"",
               ".csv, .tsv, .txt, .data, .npy, IDX, file.h5:/path or a directory of pictures",
               ending == ".npz"
                   ? "Unpack it with unzip, and name its .npy files with --data and --target, or with --input"
               : ending == ".gz" ? "Unpack it with gunzip"
                                 : "Read it into memory, or save its arrays as .npy files"});
}

}  // namespace kairos::host
