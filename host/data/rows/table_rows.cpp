// SPDX-License-Identifier: MIT
// Reads CSV files through their index.
#include "data/csv/file.hpp"
#include "data/rows/array_rows.hpp"

namespace kairos::host {

namespace {

class TableRows final : public ArrayRows {
 public:
  TableRows(const std::string& file, const ArrayFileOptions& options) : file_(table_spec(file, options)) {
    const auto columns = static_cast<std::int64_t>(file_.table().columns.sinks.front().width);
    require_width(file, options, columns);
    shape_ = {file_.rows(), columns};
    if (options.width == CsvWidth::OneColumn) shape_.pop_back();
  }

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return shape_; }
  [[nodiscard]] std::vector<std::string> columns() const override { return csv_names(file_.table(), 0); }
  [[nodiscard]] std::vector<std::string> notes() const override { return file_.table().notes; }

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

std::unique_ptr<ArrayRows> open_table_rows(const std::string& file, const ArrayFileOptions& options) {
  return std::make_unique<TableRows>(file, options);
}

}  // namespace kairos::host
