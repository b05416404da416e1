// SPDX-License-Identifier: MIT
// Reads and writes NumPy's .npy and .npz; all types become float32.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/input_file.hpp"
#include "io/text_array.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/dataset.hpp"

namespace kairos::host {

/// Supports versions 1.0 to 3.0, both byte orders, C and Fortran order; float 16 to 64, integers and bool.
/// Values that would change silently are rejected with value and row: integers beyond 2^24, floats beyond
/// float32. NaN is accepted. Never allocates more than 8 times the size of the file. Throws Error(Data), or
/// Error(File) if the file cannot be read.
[[nodiscard]] Array read_npy(const std::filesystem::path& path);

/// All arrays of an archive by name without ".npy", stored or deflated. Declared sizes are accepted up to the
/// limit of deflate, 1032 times the size of the archive.
[[nodiscard]] std::map<std::string, Array> read_npz(const std::filesystem::path& path);

/// An archive of which only some arrays are read: others may have types that cannot be read.
class NpzFile {
 public:
  explicit NpzFile(const std::filesystem::path& path);
  /// Of all arrays, without ".npy".
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  /// As `read_npz`, for the arrays with these names.
  [[nodiscard]] std::map<std::string, Array> read(const std::set<std::string>& wanted) const;
  /// The array of this name if it is text.
  [[nodiscard]] TextArray read_text(const std::string& name) const;

 private:
  InputFile file_;
  std::vector<std::string> names_;
};

/// Writes '<f4' in C order; atomic. Throws Error(File).
void write_npy(const std::filesystem::path& path, const Array& array);

/// Writes an archive as numpy.savez does (stored), in the given order; equal content gives equal bytes.
/// Throws Error(File).
void write_npz(const std::filesystem::path& path, const std::vector<NamedArray>& arrays);

}  // namespace kairos::host
