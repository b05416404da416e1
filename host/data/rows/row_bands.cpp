// SPDX-License-Identifier: MIT
// A ring of bands: with samples in random order, all bands are equally likely to be needed again.
#include "data/rows/row_bands.hpp"

#include <algorithm>
#include <utility>

#include "base/large_pages.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

RowBands::RowBands(std::int64_t rows, std::int64_t row_size, std::int64_t height, std::uint64_t budget)
    : rows_(rows), row_size_(row_size), height_(height), bands_((rows + height - 1) / height) {
  const std::uint64_t band_bytes = static_cast<std::uint64_t>(height * row_size) * sizeof(float);
  room_ = static_cast<std::int64_t>(std::min<std::uint64_t>(budget / std::max<std::uint64_t>(1, band_bytes),
                                                            static_cast<std::uint64_t>(bands_)));
  place_.assign(static_cast<std::size_t>(bands_), -1);
}

std::uint64_t RowBands::bytes() const noexcept {
  return static_cast<std::uint64_t>(room_ * height_ * row_size_) * sizeof(float);
}

std::int64_t RowBands::rows_of(std::int64_t band) const noexcept {
  return std::min(height_, rows_ - band * height_);
}

const float* RowBands::band(std::int64_t band, const Source& source) {
  std::int64_t& place = place_[static_cast<std::size_t>(band)];
  if (place >= 0) return slots_[static_cast<std::size_t>(place)].data();
  std::size_t slot = slots_.size();
  if (slots_.size() < static_cast<std::size_t>(room_)) {
    slots_.emplace_back();
    holds_.push_back(-1);
  } else {
    slot = std::exchange(oldest_, (oldest_ + 1) % slots_.size());
    if (holds_[slot] >= 0) place_[static_cast<std::size_t>(holds_[slot])] = -1;
    holds_[slot] = -1;
  }
  resize_large(slots_[slot], static_cast<std::size_t>(height_ * row_size_));
  try {
    source(band * height_, rows_of(band), slots_[slot].data());
  } catch (const Error& error) {
    // The error may concern rows that were not requested.
    if (error.kind() != ErrorKind::Data) throw;
    return nullptr;
  }
  holds_[slot] = band;
  place = static_cast<std::int64_t>(slot);
  return slots_[slot].data();
}

void RowBands::read(std::int64_t first, std::int64_t count, float* out, const Source& source) {
  const std::lock_guard lock(mutex_);
  for (const std::int64_t end = first + count; first < end;) {
    const std::int64_t number = first / height_, offset = first % height_;
    const std::int64_t now = std::min(rows_of(number) - offset, end - first);
    const bool held = place_[static_cast<std::size_t>(number)] >= 0;
    // A whole band is read directly into the destination.
    const float* const values = room_ > 0 && (held || now < rows_of(number)) ? band(number, source) : nullptr;
    if (values == nullptr)
      source(first, now, out);
    else
      std::copy_n(values + offset * row_size_, now * row_size_, out);
    first += now;
    out += now * row_size_;
  }
}

}  // namespace kairos::host
