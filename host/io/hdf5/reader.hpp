// SPDX-License-Identifier: MIT
// Reads groups, names and arrays of an HDF5 file that may be hostile. For hdf5_*.cpp only.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/input_file.hpp"
#include "io/hdf5/handle.hpp"
#include "io/text_array.hpp"
#include "kairos/host/array.hpp"

namespace kairos::host {

/// An open data set of training data; see Hdf5Group::data_set.
struct Hdf5DataSet {
  Hdf5Handle handle, type;
  std::vector<std::int64_t> shape;
  std::uint64_t size = 0;  ///< number of values
  std::string where;
};

/// A group of an open file, which stays open as long as one of its groups exists. Only hard links are
/// followed: soft and external links, virtual and external storage are rejected. Nothing is allocated beyond
/// what the stored bytes can hold. Throws Error(File).
class Hdf5Group {
 public:
  /// The root of a file.
  [[nodiscard]] static Hdf5Group open(const std::filesystem::path& path);
  /// The root of a file that is already open; a file that has replaced it under its name is rejected.
  [[nodiscard]] static Hdf5Group open(const InputFile& file);
  /// The root of a file in memory, which is copied. `origin` is used in messages.
  [[nodiscard]] static Hdf5Group open_image(std::string_view bytes, const std::string& origin);

  [[nodiscard]] bool has_group(const std::string& name) const;
  [[nodiscard]] bool has_array(const std::string& name) const;
  [[nodiscard]] bool has_attribute(const std::string& name) const;

  /// A group below this one; '/' separates levels. Throws if it is missing.
  [[nodiscard]] Hdf5Group group(const std::string& path) const;
  /// A data set below this group as float32.
  [[nodiscard]] Array array(const std::string& path) const;
  /// The same for training data: accepts h5py's bool, and rejects values that would change silently, with
  /// value and row (Error(Data)): integers beyond 2^24, floats beyond float32.
  [[nodiscard]] Array data(const std::string& path) const;
  /// The same to be read in parts; valid as long as the group.
  [[nodiscard]] Hdf5DataSet data_set(const std::string& path) const;
  /// Writes rows [first, first + count) of such a data set, which must have rows, to `out`.
  void read_rows(const Hdf5DataSet& set, std::int64_t first, std::int64_t count, float* out) const;
  /// A data set of strings; other types give an empty result.
  [[nodiscard]] TextArray texts(const std::string& path) const;
  /// Throws the error for a missing array called `name`, and lists the existing names.
  [[noreturn]] void no_such_data(const std::string& name) const;
  /// The value of a data set of one integer, exact; empty if it is not an integer.
  [[nodiscard]] std::optional<std::int64_t> integer(const std::string& path) const;
  /// Names of all links, in unspecified order.
  [[nodiscard]] std::vector<std::string> children() const;

  /// A scalar text attribute; "" if there is none.
  [[nodiscard]] std::string text(const std::string& attribute) const;
  /// A list of names: `attribute`, or if that is missing `attribute`0, `attribute`1, …
  [[nodiscard]] std::vector<std::string> names(const std::string& attribute) const;

  /// "model.h5:/model_weights/dense"
  [[nodiscard]] std::string place(const std::string& below = "") const;
  /// Throws an error for this file at `where`.
  [[noreturn]] void refuse(const char* code, const std::string& where, const char* what,
                           const std::string& found, const std::string& expected,
                           const std::string& cure) const;

 private:
  struct File;
  enum class Kind { Missing, Group, Array, Other };

  [[nodiscard]] static Hdf5Group open_root(std::shared_ptr<File> file, const std::string& path,
                                           const Hdf5Handle& access);
  Hdf5Group(std::shared_ptr<const File> file, Hdf5Handle group, std::string path);
  void check_is(const InputFile& input) const;
  [[nodiscard]] Kind kind_of(const std::string& name) const;
  [[nodiscard]] Hdf5Handle open_array(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> strings(const std::string& attribute) const;
  [[noreturn]] void damaged(const std::string& where) const;
  void check_storage(const Hdf5Handle& dataset, const std::string& where, std::uint64_t count,
                     std::size_t width) const;
  /// To be called before `count` values are allocated; limits the memory of all arrays together.
  void take_memory(const std::string& where, std::uint64_t count) const;
  /// Shape and number of values, checked against the size of the stored bytes.
  std::uint64_t checked_shape(const Hdf5Handle& dataset, const Hdf5Handle& type, const std::string& where,
                              std::vector<std::int64_t>& shape) const;

  std::shared_ptr<const File> file_;
  Hdf5Handle group_;
  std::string path_;
};

}  // namespace kairos::host
