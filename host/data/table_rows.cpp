// SPDX-License-Identifier: MIT
// CSV through its index.
#include "data/array_rows.hpp"
#include "data/csv_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

DataSpec spec_for(const std::string& file) {
  DataSpec spec;
  spec.file = file;
  spec.target_use = TargetUse::Optional;
  return spec;
}

class TableRows final : public ArrayRows {
 public:
  TableRows(const std::string& file, ArrayWidth width) : file_(spec_for(file)) {
    const std::size_t columns = file_.table().columns.sinks.front().width;
    shape_ = {file_.rows(), static_cast<std::int64_t>(columns)};
    if (width == ArrayWidth::Table) return;
    if (columns != 1)
      throw Error(ErrorKind::Data, {"KAIROS-D041", file, "the file has more than one column",
                                    std::to_string(columns), "1", "Give a file of one column"});
    shape_.pop_back();
  }

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return shape_; }

  void read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const override {
    CsvDestination to;
    to.places[0] = out;
    file_.read(first, count, to, scratch);
  }

  void check_unchanged() const override { file_.check_unchanged(); }

 private:
  CsvFile file_;
  std::vector<std::int64_t> shape_;
};

}  // namespace

std::unique_ptr<ArrayRows> open_table_rows(const std::string& file, ArrayWidth width) {
  return std::make_unique<TableRows>(file, width);
}

}  // namespace kairos::host
