// SPDX-License-Identifier: MIT
// Arrays of text in NPY, NPZ and HDF5 files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kairos::host {

struct TextArray {
  bool is_text = false;  ///< otherwise the array holds something else, and nothing was read
  bool is_utf8 = false;  ///< otherwise the stored bytes, in an encoding that the file does not tell
  std::vector<std::int64_t> shape;
  std::vector<std::string> values;
};

/// An .npy file of type U or S. Throws Error(Data), Error(File).
[[nodiscard]] TextArray read_npy_text(const std::filesystem::path& path);

/// Strings of fixed or variable length in an HDF5 file. Throws Error(File). As `read_hdf5_data`, to be called
/// through its isolated form.
[[nodiscard]] TextArray read_hdf5_text(const std::filesystem::path& path, const std::string& dataset);
[[nodiscard]] TextArray read_hdf5_text_isolated(const std::filesystem::path& path,
                                                const std::string& dataset);

}  // namespace kairos::host
