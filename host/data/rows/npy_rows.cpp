// SPDX-License-Identifier: MIT
// Reads NPY files by position.
#include <span>

#include "data/rows/stored_rows.hpp"
#include "io/npy_format.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

class NpyRows final : public StoredRows {
 public:
  explicit NpyRows(const std::string& path) : StoredRows(path) {
    header_ = read_npy_header(file(), file().size(), name());
    check_has_rows(header_.shape, name());
    if (header_.fortran_order && header_.shape.size() > 1)
      throw Error(ErrorKind::Data, {"KAIROS-D091", name(), "an array in Fortran order cannot be streamed",
                                    "shape " + shape_text(header_.shape), "C order (row by row)",
                                    "Save it with numpy.save(…, numpy.ascontiguousarray(a))"});
    place(header_.shape, header_.begin, header_.width);
  }

 private:
  void convert(std::span<const std::byte> bytes, std::uint64_t at, float* out) const override {
    convert_npy_values(header_, bytes, at, out, name());
  }

  NpyHeader header_;
};

}  // namespace

std::unique_ptr<ArrayRows> open_npy_rows(const std::string& file) {
  return std::make_unique<NpyRows>(file);
}

}  // namespace kairos::host
