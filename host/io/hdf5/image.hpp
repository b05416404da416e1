// SPDX-License-Identifier: MIT
// The bytes of an HDF5 file under construction, without a copy of its arrays. For hdf5_*.cpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "io/hdf5/handle.hpp"

namespace kairos::host {

/// Receives what HDF5 writes through a custom driver. HDF5's own few kilobytes are kept in memory that is
/// allocated by page on first use; of a lent array, only its position is kept. HDF5's core driver would
/// clear, fill and copy all bytes of the arrays.
class Hdf5Image {
 public:
  Hdf5Image() = default;
  ~Hdf5Image();
  Hdf5Image(const Hdf5Image&) = delete;
  Hdf5Image& operator=(const Hdf5Image&) = delete;

  /// Makes this image the content of files opened with these properties; it must outlive them. False if HDF5
  /// rejects the driver.
  [[nodiscard]] bool become_driver_of(const Hdf5Handle& access);

  /// From now on, writes from `bytes` only record their position; `bytes` must outlive the image.
  void lend(std::span<const std::byte> bytes) { lent_ = bytes; }

  [[nodiscard]] std::uint64_t size() const noexcept { return end_; }
  /// Calls `take(std::string_view)` with all bytes, in order, in pieces.
  template <class Take>
  void for_each_piece(const Take& take) const {
    const auto view = [](const std::byte* bytes, std::uint64_t size) {
      return std::string_view(reinterpret_cast<const char*>(bytes), size);
    };
    std::uint64_t at = 0;
    for (const auto& [begin, bytes] : arrays_) {
      if (begin > at) take(view(memory_ + at, begin - at));
      take(view(bytes.data(), bytes.size()));
      at = begin + bytes.size();
    }
    if (at < end_) take(view(memory_ + at, end_ - at));
  }

  // For the driver; false if memory is exhausted.
  [[nodiscard]] bool set_end(std::uint64_t end);
  [[nodiscard]] bool write(std::uint64_t at, std::span<const std::byte> bytes);
  [[nodiscard]] bool read(std::uint64_t at, std::span<std::byte> bytes) const;

 private:
  std::byte* memory_ = nullptr;
  std::uint64_t room_ = 0, end_ = 0;
  std::span<const std::byte> lent_;
  std::map<std::uint64_t, std::span<const std::byte>> arrays_;  ///< by their offset in the file
};

}  // namespace kairos::host
