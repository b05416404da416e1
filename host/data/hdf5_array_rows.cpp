// SPDX-License-Identifier: MIT
// HDF5 by hyperslabs, which a child process reads.
#include "data/array_rows.hpp"
#include "io/hdf5_rows.hpp"

namespace kairos::host {

namespace {

class Hdf5ArrayRows final : public ArrayRows {
 public:
  explicit Hdf5ArrayRows(const Hdf5Location& location) : rows_(location.file, location.dataset) {
    check_has_rows(rows_.shape(), location.file.string() + ":" + location.dataset);
  }

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return rows_.shape(); }

  void read(std::int64_t first, std::int64_t count, float* out, Scratch&) const override {
    rows_.read(first, count, out);
  }

 private:
  mutable IsolatedHdf5Rows rows_;  ///< locks
};

}  // namespace

std::unique_ptr<ArrayRows> open_hdf5_rows(const Hdf5Location& location) {
  return std::make_unique<Hdf5ArrayRows>(location);
}

}  // namespace kairos::host
