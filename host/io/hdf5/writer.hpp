// SPDX-License-Identifier: MIT
// Builds an HDF5 file in memory around borrowed arrays, so that write errors occur in one place, with their
// reason. For hdf5_*.cpp only.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/hdf5/attribute.hpp"
#include "io/hdf5/handle.hpp"
#include "io/hdf5/image.hpp"
#include "kairos/host/array.hpp"

namespace kairos::host {

/// Paths are absolute ("/model_weights/dense"); parent groups are created. Equal content gives equal bytes.
/// Throws Error(File).
class Hdf5Writer {
 public:
  /// `path` is for messages and for `commit`.
  explicit Hdf5Writer(std::filesystem::path path);

  /// Creates the group unless it exists.
  void group(const std::string& path);
  void text(const std::string& path, const char* attribute, const std::string& value,
            Hdf5Charset charset = Hdf5Charset::Ascii);
  void names(const std::string& path, const std::string& attribute, const std::vector<std::string>& values);
  /// float32, little-endian, contiguous. The array must outlive the writer.
  void array(const std::string& path, const Array& array);
  /// A scalar integer: int32 if it fits, as Keras stores its steps.
  void integer(const std::string& path, std::int64_t value);

  /// The content of the file.
  [[nodiscard]] std::string image();
  /// Writes the file atomically.
  void commit();

 private:
  [[noreturn]] void fail(const std::string& at) const;
  void finish();
  [[nodiscard]] Hdf5Handle open(const std::string& path) const;
  [[nodiscard]] Hdf5Handle create(const std::string& path, hid_t type, const Hdf5Handle& space) const;

  std::unique_lock<std::mutex> turn_ = hdf5_turn();
  QuietHdf5 quiet_;
  std::filesystem::path path_;
  Hdf5Image image_;
  Hdf5Handle file_;
  Hdf5Handle make_parents_;
  Hdf5Handle plain_dataset_;
};

}  // namespace kairos::host
