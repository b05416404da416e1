// SPDX-License-Identifier: MIT
// Reads and writes NumPy's .npy and .npz; everything becomes float32.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kairos/host/array.hpp"
#include "kairos/host/dataset.hpp"

namespace kairos::host {

/// Headers 1.0 to 3.0, either byte order, C or Fortran order; float 16 to 64, integers and bool. What would
/// change silently is refused with value and row: integers beyond 2^24, floats beyond float32. NaN passes.
/// Never allocates more than 8 times the size of the file. Throws Error(Data), or Error(File) if it cannot be
/// read.
[[nodiscard]] Array read_npy(const std::filesystem::path& path);

/// All arrays of an archive by name without ".npy", stored or deflated. What its entries say of their size is
/// believed up to what deflate can reach, 1032 times the size of the archive.
[[nodiscard]] std::map<std::string, Array> read_npz(const std::filesystem::path& path);

/// Writes '<f4' in C order; atomic. Throws Error(File).
void write_npy(const std::filesystem::path& path, const Array& array);

/// An archive as numpy.savez makes it (stored), in the order given; equal content gives equal bytes. Throws
/// Error(File).
void write_npz(const std::filesystem::path& path, const std::vector<NamedArray>& arrays);

}  // namespace kairos::host
