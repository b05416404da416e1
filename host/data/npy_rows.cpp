// SPDX-License-Identifier: MIT
// NPY by position.
#include <algorithm>
#include <span>

#include "data/array_rows.hpp"
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
    check_has_rows(header_.shape, name_);
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

}  // namespace

std::unique_ptr<ArrayRows> open_npy_rows(const std::string& file) {
  return std::make_unique<NpyRows>(file);
}

}  // namespace kairos::host
