// SPDX-License-Identifier: MIT
// HDF5's C library, which is opened for a file of this format: it takes longer to load than all the rest.
#include "hdf5_file.hpp"

#include <fcntl.h>
#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "../common/opened_library.hpp"

namespace kairos::plugins {

namespace {

/// Functions and variables of hdf5.h.
struct Hdf5 {
  decltype(&::H5dont_atexit) stay_open;
  decltype(&::H5open) open;
  decltype(&::H5Fcreate) file_create;
  decltype(&::H5Fflush) file_flush;
  decltype(&::H5Fclose) file_close;
  decltype(&::H5Gcreate2) group_create;
  decltype(&::H5Gclose) group_close;
  decltype(&::H5Screate_simple) space_create;
  decltype(&::H5Sselect_hyperslab) space_select;
  decltype(&::H5Sclose) space_close;
  decltype(&::H5Pcreate) list_create;
  decltype(&::H5Pset_chunk) set_chunk;
  decltype(&::H5Pclose) list_close;
  decltype(&::H5Dcreate2) array_create;
  decltype(&::H5Dset_extent) array_extend;
  decltype(&::H5Dget_space) array_space;
  decltype(&::H5Dwrite) array_write;
  decltype(&::H5Dclose) array_close;
  decltype(&::H5Eget_auto2) error_get;
  decltype(&::H5Eset_auto2) error_set;
  const hid_t *creation, *float_stored, *float_here, *integer_stored, *integer_here;

  Hdf5() {
    const OpenedLibrary library(KAIROS_HDF5_LIBRARY,
                                "Install the package that has it, or write filename=predictions.npy");
    library.find("H5dont_atexit", stay_open);
    library.find("H5open", open);
    library.find("H5Fcreate", file_create);
    library.find("H5Fflush", file_flush);
    library.find("H5Fclose", file_close);
    library.find("H5Gcreate2", group_create);
    library.find("H5Gclose", group_close);
    library.find("H5Screate_simple", space_create);
    library.find("H5Sselect_hyperslab", space_select);
    library.find("H5Sclose", space_close);
    library.find("H5Pcreate", list_create);
    library.find("H5Pset_chunk", set_chunk);
    library.find("H5Pclose", list_close);
    library.find("H5Dcreate2", array_create);
    library.find("H5Dset_extent", array_extend);
    library.find("H5Dget_space", array_space);
    library.find("H5Dwrite", array_write);
    library.find("H5Dclose", array_close);
    library.find("H5Eget_auto2", error_get);
    library.find("H5Eset_auto2", error_set);
    // At exit the library would close what it could not write to a full disk, and crash.
    stay_open();
    open();  // the variables are valid then
    library.find("H5P_CLS_DATASET_CREATE_ID_g", creation);
    library.find("H5T_IEEE_F32LE_g", float_stored);
    library.find("H5T_NATIVE_FLOAT_g", float_here);
    library.find("H5T_STD_I64LE_g", integer_stored);
    library.find("H5T_NATIVE_INT64_g", integer_here);
  }
};

const Hdf5& hdf5() {
  static const Hdf5 functions;
  return functions;
}

/// H5F_ACC_TRUNC, which calls a function of the library itself.
constexpr unsigned replace_file = 2;

/// The library prints errors unless it is told not to, for the whole process or thread.
class Quiet {
 public:
  Quiet() {
    hdf5().error_get(H5E_DEFAULT, &print_, &data_);
    hdf5().error_set(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { hdf5().error_set(H5E_DEFAULT, print_, data_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// Closes an identifier; one that is negative stands for an error.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// Of the file system, where it has one: HDF5 tells in a text of many lines only.
std::string reason() {
  return errno == 0 ? "the HDF5 library failed" : std::strerror(errno);
}

std::vector<hsize_t> dimensions(std::int64_t rows, const std::vector<std::int64_t>& shape) {
  std::vector<hsize_t> all{static_cast<hsize_t>(rows)};
  for (const std::int64_t size : shape) all.push_back(static_cast<hsize_t>(size));
  return all;
}

}  // namespace

void require_hdf5() {
  static_cast<void>(hdf5());
}

void Hdf5File::open(const std::filesystem::path& file) {
  abandon();
  part_.begin(file);
  const Quiet quiet;
  errno = 0;
  file_ = hdf5().file_create(part_.path().c_str(), replace_file, H5P_DEFAULT, H5P_DEFAULT);
  if (file_ < 0) part_.fail(reason());
}

void Hdf5File::make_group(const std::string& name) {
  const Quiet quiet;
  errno = 0;
  const Id group(hdf5().group_create(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                 hdf5().group_close);
  if (group >= 0) return;
  const std::string why = reason();
  abandon();
  part_.fail(why);
}

Hdf5File::Array Hdf5File::make(const std::string& name, const std::vector<std::int64_t>& shape, Kind kind) {
  constexpr std::int64_t chunk_values = 16384;  // 64 KiB of floats
  std::int64_t width = 1;
  for (const std::int64_t size : shape) width *= std::max<std::int64_t>(size, 1);
  std::vector<hsize_t> sizes = dimensions(0, shape), limits = sizes;
  limits.front() = H5S_UNLIMITED;
  std::vector<hsize_t> chunk = dimensions(std::max<std::int64_t>(chunk_values / width, 1), shape);
  for (hsize_t& size : chunk) size = std::max<hsize_t>(size, 1);
  const auto rank = static_cast<int>(sizes.size());
  const Id space(hdf5().space_create(rank, sizes.data(), limits.data()), hdf5().space_close);
  const Id list(hdf5().list_create(*hdf5().creation), hdf5().list_close);
  Array array;
  array.shape = shape;
  if (space >= 0 && list >= 0 && hdf5().set_chunk(list, rank, chunk.data()) >= 0)
    array.id = hdf5().array_create(file_, name.c_str(),
                                   *(kind == Kind::Float ? hdf5().float_stored : hdf5().integer_stored),
                                   space, H5P_DEFAULT, list, H5P_DEFAULT);
  return array;
}

void Hdf5File::append(Array& array, const void* values, std::int64_t rows, Kind kind) {
  const std::vector<hsize_t> all = dimensions(array.rows + rows, array.shape),
                             part = dimensions(rows, array.shape);
  std::vector<hsize_t> start(part.size(), 0);
  start.front() = static_cast<hsize_t>(array.rows);
  bool good = array.id >= 0 && hdf5().array_extend(array.id, all.data()) >= 0;
  if (good) {
    const Id space(hdf5().array_space(array.id), hdf5().space_close);
    const Id memory(hdf5().space_create(static_cast<int>(part.size()), part.data(), nullptr),
                    hdf5().space_close);
    good = space >= 0 && memory >= 0 &&
           hdf5().space_select(space, H5S_SELECT_SET, start.data(), nullptr, part.data(), nullptr) >= 0 &&
           hdf5().array_write(array.id, *(kind == Kind::Float ? hdf5().float_here : hdf5().integer_here),
                              memory, space, H5P_DEFAULT, values) >= 0;
  }
  if (!good) {
    const std::string why = reason();
    abandon();
    part_.fail(why);
  }
  array.rows += rows;
}

bool Hdf5File::append(const std::string& array, const float* values, std::int64_t rows,
                      const std::vector<std::int64_t>& shape) {
  const Quiet quiet;
  errno = 0;
  auto found = arrays_.find(array);
  if (found == arrays_.end()) found = arrays_.emplace(array, make(array, shape, Kind::Float)).first;
  if (found->second.shape != shape) return false;
  append(found->second, values, rows, Kind::Float);
  return true;
}

void Hdf5File::append(const std::string& array, const std::int64_t* values, std::int64_t rows) {
  const Quiet quiet;
  errno = 0;
  auto found = arrays_.find(array);
  if (found == arrays_.end()) found = arrays_.emplace(array, make(array, {}, Kind::Integer)).first;
  append(found->second, values, rows, Kind::Integer);
}

void Hdf5File::close_arrays() {
  for (auto& [name, array] : arrays_)
    if (array.id >= 0) hdf5().array_close(array.id);
  arrays_.clear();
}

void Hdf5File::close() {
  const Quiet quiet;
  errno = 0;
  close_arrays();
  bool good = hdf5().file_flush(file_, H5F_SCOPE_LOCAL) >= 0;
  std::string why = reason();
  errno = 0;
  const hid_t file = file_;
  file_ = -1;
  if (hdf5().file_close(file) < 0 && good) {
    good = false;
    why = reason();
  }
  if (!good) part_.fail(why);
  const int descriptor = ::open(part_.path().c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_stored = descriptor >= 0 && ::fsync(descriptor) == 0;
  why = std::strerror(errno);
  if (descriptor >= 0) ::close(descriptor);
  if (!is_stored) part_.fail(why);
  part_.finish();
}

void Hdf5File::abandon() {
  if (file_ >= 0) {
    const Quiet quiet;
    close_arrays();
    hdf5().file_close(file_);
    file_ = -1;
  }
  part_.remove();
}

}  // namespace kairos::plugins
