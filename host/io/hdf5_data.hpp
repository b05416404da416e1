// SPDX-License-Identifier: MIT
// Data sets of HDF5 files that somebody wrote to train on: "file.h5:/path/to/dataset".
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "kairos/host/array.hpp"

namespace kairos::host {

struct Hdf5Location {
  std::filesystem::path file;
  std::string dataset;  ///< "" if only the file was named
};

/// "d.h5:/x" or "d.hdf5:/x", also the file alone; empty for every other text.
[[nodiscard]] std::optional<Hdf5Location> hdf5_location(std::string_view text);

/// Floats of 16 to 64 bits, integers and bool as float32, whatever their byte order; what would change
/// silently is refused with value and row. Nothing is allocated beyond what the stored bytes can hold. Throws
/// Error(Data), or Error(File) for what cannot be read. The HDF5 library crashes on damaged files: callers
/// use `read_hdf5_data_isolated`.
[[nodiscard]] Array read_hdf5_data(const std::filesystem::path& path, const std::string& dataset);

}  // namespace kairos::host
