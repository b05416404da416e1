// SPDX-License-Identifier: MIT
// IDX by position, where it is not compressed.
#include <algorithm>
#include <span>

#include "data/array_rows.hpp"
#include "io/gzip_source.hpp"
#include "io/idx.hpp"
#include "io/input_file.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

class IdxRows final : public ArrayRows {
 public:
  explicit IdxRows(const std::string& file) : name_(file), file_(file) {
    if (is_gzip(file_))
      throw Error(ErrorKind::Data,
                  {"KAIROS-D070", name_, "this kind of file cannot be streamed", "compressed by gzip",
                   "an IDX file that is not compressed", "Unpack it with gunzip, or read it into memory"});
    header_ = read_idx_header(file_, name_);
    row_size_ = static_cast<std::uint64_t>(Array{header_.shape, {}}.row_size());
  }

  [[nodiscard]] const std::vector<std::int64_t>& shape() const override { return header_.shape; }

  void read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const override {
    constexpr std::uint64_t piece = 65536;
    std::uint64_t at = static_cast<std::uint64_t>(first) * row_size_;
    const std::uint64_t end = at + static_cast<std::uint64_t>(count) * row_size_;
    if (scratch.size() < piece * header_.width) scratch.resize(piece * header_.width);
    for (; at < end; at += piece, out += piece) {
      const std::uint64_t n = std::min(piece, end - at);
      const auto bytes = std::as_writable_bytes(std::span(scratch).first(n * header_.width));
      file_.read_all_at(header_.size + at * header_.width, bytes);
      convert_idx_values(header_, bytes, at, out, name_);
    }
  }

 private:
  std::string name_;
  InputFile file_;
  IdxHeader header_;
  std::uint64_t row_size_ = 1;
};

}  // namespace

std::unique_ptr<ArrayRows> open_idx_rows(const std::string& file) {
  return std::make_unique<IdxRows>(file);
}

}  // namespace kairos::host
