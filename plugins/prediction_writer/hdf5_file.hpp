// SPDX-License-Identifier: MIT
// Arrays that grow row by row in an HDF5 file, which takes its name when it is complete.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "part_file.hpp"

namespace kairos::plugins {

/// Throws kairos::Error with a way out unless this machine can write HDF5 files.
void require_hdf5();

/// An incomplete file is removed. Errors are thrown as kairos::Error with a way out.
class Hdf5File {
 public:
  Hdf5File() = default;
  ~Hdf5File() { abandon(); }
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  [[nodiscard]] bool is_open() const { return file_ >= 0; }
  /// Begins a file, instead of one that has been begun before.
  void open(const std::filesystem::path& file);
  void make_group(const std::string& name);
  /// Appends to the array of this name, which the first call makes, `rows` rows of this shape. Returns false,
  /// without writing, if the rows of the array have another shape.
  [[nodiscard]] bool append(const std::string& array, const float* values, std::int64_t rows,
                            const std::vector<std::int64_t>& shape);
  /// The same for integers.
  void append(const std::string& array, const std::int64_t* values, std::int64_t rows);
  /// The file takes its name. Its content is on the disk then.
  void close();
  void abandon();

 private:
  struct Array {
    std::int64_t id = -1;
    std::int64_t rows = 0;
    std::vector<std::int64_t> shape;  ///< of a row
  };
  enum class Kind { Float, Integer };

  Array make(const std::string& name, const std::vector<std::int64_t>& shape, Kind kind);
  void append(Array& array, const void* values, std::int64_t rows, Kind kind);
  void close_arrays();

  PartFile part_;
  std::int64_t file_ = -1;
  std::map<std::string, Array> arrays_;
};

}  // namespace kairos::plugins
