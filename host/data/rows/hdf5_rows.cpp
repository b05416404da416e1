// SPDX-License-Identifier: MIT
// HDF5 arrays: contiguous values are read by position, others through the process that reads the file.
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

/// Contiguous values of a type that NumPy knows. Once their position is known, the HDF5 library is not
/// needed.
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

/// Bytes of rows to keep: enough for most arrays that are not much larger than the memory that a program of
/// this kind takes anyway, and for one band if a quarter of the memory has room for it.
std::uint64_t budget_for(std::uint64_t band_bytes) {
  constexpr std::uint64_t usual = std::uint64_t{256} << 20;
  const std::uint64_t available = available_memory();
  return std::max(std::min(usual, available / 8), std::min(band_bytes, available / 4));
}

std::string megabytes(std::uint64_t bytes) {
  return std::to_string(bytes >> 20);
}

/// Compressed, chunked, or of a type that HDF5 has to convert. Bands of whole chunks are kept, so that a
/// chunk is not decompressed again for each of its rows.
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

  [[nodiscard]] std::vector<std::string> notes() const override {
    if (!is_slow_in_any_order()) return {};
    return {rows_->where() + ": every batch is slow to read: the array is stored in chunks of " +
            std::to_string(rows_->chunk_rows()) + " samples, which take " + megabytes(band_bytes()) +
            " MB, do not fit into memory and are decompressed again for each batch; " + cure()};
  }

  [[nodiscard]] std::string slow_at_random() const override {
    if (bands_.hold_all() || is_slow_in_any_order()) return "";
    const std::string why = rows_->chunk_rows() > 0 ? "the array is stored in chunks of " +
                                                          std::to_string(rows_->chunk_rows()) + " samples"
                                                    : "the type of the array has to be converted";
    return "single samples of " + rows_->where() + " are slow to read: " + why + ", and only " +
           megabytes(bands_.bytes()) + " of its " + megabytes(all_bytes()) + " MB are kept in memory; " +
           cure();
  }

 private:
  [[nodiscard]] std::int64_t row_size() const { return Array{rows_->shape(), {}}.row_size(); }
  [[nodiscard]] std::uint64_t bytes_of(std::int64_t rows) const {
    return static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(row_size()) * sizeof(float);
  }
  [[nodiscard]] std::uint64_t band_bytes() const { return bytes_of(rows_->rows_at_once()); }
  [[nodiscard]] std::uint64_t all_bytes() const { return bytes_of(shape().front()); }

  /// Whether not even one band of chunks is kept.
  [[nodiscard]] bool is_slow_in_any_order() const { return rows_->chunk_rows() > 0 && bands_.bytes() == 0; }

  [[nodiscard]] std::string cure() const {
    if (rows_->chunk_rows() == 0) return "an array of float32 is read directly";
    const std::string& file = rows_->file().name();
    const std::string array = rows_->where().substr(file.size() + 1);
    return "\"h5repack -f " + array + ":NONE -l " + array + ":CONTI " + file +
           " NEW.h5\" stores it contiguously, which is fast in any order";
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
