// SPDX-License-Identifier: MIT
// The bytes of an HDF5 file that is being built, without a copy of the arrays in it. For hdf5_*.cpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "io/hdf5/handle.hpp"

namespace kairos::host {

/// What HDF5 writes through a driver of ours. Its own few kilobytes are kept in memory of which only the
/// pages that are used exist; of an array that is lent, only where it belongs. HDF5's driver for files in
/// memory would clear, fill and copy as many bytes as the arrays have.
class Hdf5Image {
 public:
  Hdf5Image() = default;
  ~Hdf5Image();
  Hdf5Image(const Hdf5Image&) = delete;
  Hdf5Image& operator=(const Hdf5Image&) = delete;

  /// Has a file that is opened with these properties be this image, which must live longer. False if HDF5
  /// does not take the driver.
  [[nodiscard]] bool become_driver_of(const Hdf5Handle& access);

  /// From now on what HDF5 writes out of `bytes` stays where it is until the image is gone.
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

  // For the driver; false if there is not enough memory.
  [[nodiscard]] bool set_end(std::uint64_t end);
  [[nodiscard]] bool write(std::uint64_t at, std::span<const std::byte> bytes);
  [[nodiscard]] bool read(std::uint64_t at, std::span<std::byte> bytes) const;

 private:
  std::byte* memory_ = nullptr;
  std::uint64_t room_ = 0, end_ = 0;
  std::span<const std::byte> lent_;
  std::map<std::uint64_t, std::span<const std::byte>> arrays_;  ///< by their place in the file
};

}  // namespace kairos::host
