// SPDX-License-Identifier: MIT
// The name of a file selects its kind.
#include "data/rows/array_rows.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "io/file_kind.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

void check_has_rows(const std::vector<std::int64_t>& shape, const std::string& name) {
  if (shape.empty())
    throw Error(ErrorKind::Data,
                {"KAIROS-D013", name, "the array is a single value, not samples", "a scalar",
                 "an array with a row for each sample", "Check the program that should have written them"});
}

namespace {

class ValueRows final : public ArrayRows {
 public:
  explicit ValueRows(Array array) : array_(std::move(array)) {}
  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return array_.shape; }
  void read(std::int64_t first, std::int64_t count, float* out, Scratch&) const override {
    const std::int64_t row_size = array_.row_size();
    std::copy_n(array_.values.begin() + first * row_size, count * row_size, out);
  }

 private:
  Array array_;
};

}  // namespace

std::unique_ptr<ArrayRows> value_rows(Array array) {
  return std::make_unique<ValueRows>(std::move(array));
}

std::unique_ptr<ArrayRows> open_array_rows(const std::string& file, const ArrayFileOptions& options) {
  if (const auto location = hdf5_location(file)) return open_hdf5_rows(*location);
  const FileKind kind = kind_of(file);
  if (kind == FileKind::Idx) return open_idx_rows(file);
  if (kind == FileKind::Npy) return open_npy_rows(file);
  if (kind == FileKind::Csv) return open_table_rows(file, options);
  throw Error(ErrorKind::Data,
              {"KAIROS-D090", file, "this kind of file cannot be streamed", shown_ending(file),
               endings({FileKind::Csv, FileKind::Tsv, FileKind::Text, FileKind::TextData, FileKind::Npy,
                        FileKind::Idx, FileKind::Hdf5Array}) +
                   ", or a directory of images",
               kind == FileKind::Npz    ? "Unpack it with unzip, and name its .npy files as data and targets"
               : kind == FileKind::Gzip ? "Unpack it with gunzip"
                                        : "Read it into memory, or save its arrays as .npy files"});
}

}  // namespace kairos::host
