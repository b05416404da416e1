// SPDX-License-Identifier: MIT
// Reads uncompressed IDX files by position.
#include <span>

#include "data/rows/stored_rows.hpp"
#include "io/gzip_source.hpp"
#include "io/idx.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

class IdxRows final : public StoredRows {
 public:
  explicit IdxRows(const std::string& path) : StoredRows(path) {
    if (is_gzip(file()))
      throw Error(ErrorKind::Data,
                  {"KAIROS-D090", name(), "this kind of file cannot be streamed", "compressed by gzip",
                   "an uncompressed IDX file", "Unpack it with gunzip, or read it into memory"});
    header_ = read_idx_header(file(), name());
    place(header_.shape, header_.size, header_.width);
  }

 private:
  void convert(std::span<const std::byte> bytes, std::uint64_t at, float* out) const override {
    convert_idx_values(header_, bytes, at, out, name());
  }

  IdxHeader header_;
};

}  // namespace

std::unique_ptr<ArrayRows> open_idx_rows(const std::string& file) {
  return std::make_unique<IdxRows>(file);
}

}  // namespace kairos::host
