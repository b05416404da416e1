// SPDX-License-Identifier: MIT
// HDF5 by position where the values lie one after the other; else through the process that reads the file.
#include <algorithm>
#include <string>
#include <utility>

#include "base/available_memory.hpp"
#include "data/rows/array_rows.hpp"
#include "data/rows/row_bands.hpp"
#include "data/rows/stored_rows.hpp"
#include "io/hdf5/rows.hpp"
#include "io/npy_format.hpp"
#include "kairos/host/array.hpp"

namespace kairos::host {

namespace {

/// Plain values: HDF5 said where they are, and is not needed any more.
class PlainHdf5Rows final : public StoredRows {
 public:
  PlainHdf5Rows(const IsolatedHdf5Rows& rows, NpyHeader header)
      : StoredRows(rows.file().name(), rows.where()), header_(std::move(header)) {
    file().check_is(rows.file().stamp());
    place(header_.shape, header_.begin, header_.width);
  }

 private:
  void convert(std::span<const std::byte> bytes, std::uint64_t at, float* out) const override {
    convert_npy_values(header_, bytes, at, out, name());
  }

  NpyHeader header_;
};

/// Bytes of rows that are kept: enough for most arrays that are not much larger than what a program of this
/// kind takes anyway.
std::uint64_t budget_for(std::uint64_t band_bytes) {
  constexpr std::uint64_t usual = std::uint64_t{256} << 20;
  const std::uint64_t available = available_memory();
  return std::max(std::min(usual, available / 8), std::min(band_bytes, available / 4));
}

/// Compressed, in chunks, or of a type of its own: chunks are kept, so that none is read for each of its
/// rows.
class Hdf5ArrayRows final : public ArrayRows {
 public:
  explicit Hdf5ArrayRows(std::unique_ptr<IsolatedHdf5Rows> rows)
      : rows_(std::move(rows)),
        bands_(rows_->shape().front(), row_size(), rows_->rows_at_once(), budget_for(band_bytes())) {}

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return rows_->shape(); }

  void read(std::int64_t first, std::int64_t count, float* out, Scratch&) const override {
    bands_.read(first, count, out,
                [this](std::int64_t from, std::int64_t n, float* to) { rows_->read(from, n, to); });
  }

  void check_unchanged() const override { rows_->file().check_unchanged(); }

  [[nodiscard]] std::string slow_at_random() const override {
    if (bands_.hold_all()) return "";
    constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;
    const std::uint64_t all =
        static_cast<std::uint64_t>(shape().front()) * static_cast<std::uint64_t>(row_size()) * sizeof(float);
    const std::string why = rows_->chunk_rows() > 0
                                ? "they are stored in chunks of " + std::to_string(rows_->chunk_rows())
                                : "their type has to be converted";
    return "single samples of " + rows_->where() + " are slow to read: " + why + ", and " +
           std::to_string(bands_.bytes() / megabyte) + " of " + std::to_string(all / megabyte) +
           " MB of them are kept in memory";
  }

 private:
  [[nodiscard]] std::int64_t row_size() const { return Array{rows_->shape(), {}}.row_size(); }
  [[nodiscard]] std::uint64_t band_bytes() const {
    return static_cast<std::uint64_t>(rows_->rows_at_once()) * static_cast<std::uint64_t>(row_size()) *
           sizeof(float);
  }

  std::unique_ptr<IsolatedHdf5Rows> rows_;  ///< locks
  mutable RowBands bands_;                  ///< locks
};

}  // namespace

std::unique_ptr<ArrayRows> open_hdf5_rows(const Hdf5Location& location) {
  auto rows = std::make_unique<IsolatedHdf5Rows>(location.file, location.dataset);
  check_has_rows(rows->shape(), location.file.string() + ":" + location.dataset);
  if (std::optional<NpyHeader> header = rows->plain())
    return std::make_unique<PlainHdf5Rows>(*rows, std::move(*header));
  return std::make_unique<Hdf5ArrayRows>(std::move(rows));
}

}  // namespace kairos::host
