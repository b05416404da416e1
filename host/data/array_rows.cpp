// SPDX-License-Identifier: MIT
// NPY by position, CSV through its index.
#include "data/array_rows.hpp"

#include <algorithm>
#include <filesystem>
#include <span>

#include "data/csv_file.hpp"
#include "io/input_file.hpp"
#include "io/npy_format.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

class NpyRows final : public ArrayRows {
 public:
  explicit NpyRows(const std::string& file) : name_(file), file_(file) {
    header_ = read_npy_header(file_, file_.size(), name_);
    if (header_.shape.empty())
      throw Error(ErrorKind::Data,
                  {"KAIROS-D010", name_, "the array has another number of rows", "a single value",
                   "a row for each sample", "Give as many rows in each array"});
    if (header_.fortran_order && header_.shape.size() > 1)
      throw Error(ErrorKind::Data, {"KAIROS-D071", name_, "an array in Fortran order cannot be streamed",
                                    "shape " + shape_text(header_.shape), "C order, a row after the other",
                                    "Save it with numpy.save(…, numpy.ascontiguousarray(a))"});
    row_size_ = Array{header_.shape, {}}.row_size();
  }

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return header_.shape; }

  void read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const override {
    constexpr std::uint64_t piece = 65536;
    const auto row = static_cast<std::uint64_t>(row_size_);
    std::uint64_t at = static_cast<std::uint64_t>(first) * row;
    const std::uint64_t end = at + static_cast<std::uint64_t>(count) * row;
    if (scratch.size() < piece * header_.width) scratch.resize(piece * header_.width);
    for (; at < end; at += piece, out += piece) {
      const std::uint64_t n = std::min(piece, end - at);
      const auto bytes = std::as_writable_bytes(std::span(scratch).first(n * header_.width));
      file_.read_all_at(header_.begin + at * header_.width, bytes);
      convert_npy_values(header_, bytes, at, out, name_);
    }
  }

 private:
  std::string name_;
  InputFile file_;
  NpyHeader header_;
  std::int64_t row_size_ = 1;
};

DataSpec spec_for(const std::string& file) {
  DataSpec spec;
  spec.file = file;
  spec.target_use = TargetUse::Optional;
  return spec;
}

class TableRows final : public ArrayRows {
 public:
  TableRows(const std::string& file, ArrayWidth width) : file_(spec_for(file)) {
    const std::size_t columns = file_.table().columns.inputs;
    shape_ = {file_.rows(), static_cast<std::int64_t>(columns)};
    if (width == ArrayWidth::Table) return;
    if (columns != 1)
      throw Error(ErrorKind::Data, {"KAIROS-D041", file, "the file has more than one column",
                                    std::to_string(columns), "1", "Give a file of one column"});
    shape_.pop_back();
  }

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return shape_; }

  void read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const override {
    file_.read(first, count, {out, nullptr, nullptr, nullptr}, scratch);
  }

 private:
  CsvFile file_;
  std::vector<std::int64_t> shape_;
};

}  // namespace

std::unique_ptr<ArrayRows> open_array_rows(const std::string& file, ArrayWidth width) {
  if (file.ends_with(".npy")) return std::make_unique<NpyRows>(file);
  if (file.ends_with(".csv")) return std::make_unique<TableRows>(file, width);
  throw Error(ErrorKind::Data,
              {"KAIROS-D070", file, "this kind of file cannot be streamed",
               "\"" + std::filesystem::path(file).extension().string() + "\"",
               ".csv, .tsv, .txt, .data or .npy", "Read it into memory, or save its arrays as .npy files"});
}

}  // namespace kairos::host
