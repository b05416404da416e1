// SPDX-License-Identifier: MIT
// Reads in pieces, so that the scratch buffer stays small.
#include "data/rows/stored_rows.hpp"

#include <algorithm>
#include <utility>

#include "kairos/host/array.hpp"

namespace kairos::host {

void StoredRows::place(std::vector<std::int64_t> shape, std::uint64_t begin, std::uint64_t width) {
  row_size_ = static_cast<std::uint64_t>(Array{shape, {}}.row_size());
  shape_ = std::move(shape);
  begin_ = begin;
  width_ = width;
}

void StoredRows::read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const {
  constexpr std::uint64_t piece = 65536;  // values
  std::uint64_t at = static_cast<std::uint64_t>(first) * row_size_;
  const std::uint64_t end = at + static_cast<std::uint64_t>(count) * row_size_;
  if (scratch.size() < piece * width_) scratch.resize(piece * width_);
  for (; at < end; at += piece, out += piece) {
    const auto bytes = std::as_writable_bytes(std::span(scratch).first(std::min(piece, end - at) * width_));
    file_.read_all_at(begin_ + at * width_, bytes);
    convert(bytes, at, out);
  }
}

}  // namespace kairos::host
