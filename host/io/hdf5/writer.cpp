// SPDX-License-Identifier: MIT
// HDF5 writes to an image, which is passed to AtomicFile.
#include "io/hdf5/writer.hpp"

#include <limits>
#include <utility>

#include "base/atomic_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

Hdf5Writer::Hdf5Writer(std::filesystem::path path) : path_(std::move(path)) {
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  if (!image_.become_driver_of(access)) fail("/");
  // The name is not used for a file; it must only differ from those of other open files.
  const std::string name = path_.string() + "." + std::to_string(reinterpret_cast<std::uintptr_t>(this));
  file_ = Hdf5Handle(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), H5Fclose);
  make_parents_ = Hdf5Handle(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  plain_dataset_ = Hdf5Handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (!file_.valid() || !make_parents_.valid() || !plain_dataset_.valid()) fail("/");
  H5Pset_create_intermediate_group(make_parents_.id(), 1);
  H5Pset_obj_track_times(plain_dataset_.id(), false);
}

void Hdf5Writer::fail(const std::string& at) const {
  throw Error(ErrorKind::File,
              {"KAIROS-F009", path_.string() + ":" + at, "cannot build the file", hdf5_reason(),
               "unique names that are not empty", "Rename the layer or weight"});
}

Hdf5Handle Hdf5Writer::open(const std::string& path) const {
  Hdf5Handle object(H5Gopen2(file_.id(), path.c_str(), H5P_DEFAULT), H5Gclose);
  if (!object.valid()) fail(path);
  return object;
}

void Hdf5Writer::group(const std::string& path) {
  if (Hdf5Handle(H5Gopen2(file_.id(), path.c_str(), H5P_DEFAULT), H5Gclose).valid()) return;
  const Hdf5Handle made(H5Gcreate2(file_.id(), path.c_str(), make_parents_.id(), H5P_DEFAULT, H5P_DEFAULT),
                        H5Gclose);
  if (!made.valid()) fail(path);
}

void Hdf5Writer::text(const std::string& path, const char* attribute, const std::string& value,
                      Hdf5Charset charset) {
  if (!write_hdf5_text(open(path).id(), attribute, value, charset)) fail(path);
}

void Hdf5Writer::names(const std::string& path, const std::string& attribute,
                       const std::vector<std::string>& values) {
  if (!write_hdf5_names(open(path).id(), attribute, values)) fail(path);
}

Hdf5Handle Hdf5Writer::create(const std::string& path, hid_t type, const Hdf5Handle& space) const {
  Hdf5Handle dataset(H5Dcreate2(file_.id(), path.c_str(), type, space.id(), make_parents_.id(),
                                plain_dataset_.id(), H5P_DEFAULT),
                     H5Dclose);
  if (!dataset.valid()) fail(path);
  return dataset;
}

void Hdf5Writer::array(const std::string& path, const Array& array) {
  const std::vector<hsize_t> dimensions(array.shape.begin(), array.shape.end());
  const Hdf5Handle space(
      dimensions.empty() ? H5Screate(H5S_SCALAR)
                         : H5Screate_simple(static_cast<int>(dimensions.size()), dimensions.data(), nullptr),
      H5Sclose);
  const Hdf5Handle dataset = create(path, H5T_IEEE_F32LE, space);
  image_.lend(std::as_bytes(std::span(array.values)));
  if (!array.values.empty() &&
      H5Dwrite(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0)
    fail(path);
}

void Hdf5Writer::integer(const std::string& path, std::int64_t value) {
  const bool narrow = value <= std::numeric_limits<std::int32_t>::max();
  const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Hdf5Handle dataset = create(path, narrow ? H5T_STD_I32LE : H5T_STD_I64LE, space);
  if (H5Dwrite(dataset.id(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0) fail(path);
}

void Hdf5Writer::finish() {
  if (H5Fflush(file_.id(), H5F_SCOPE_LOCAL) < 0) fail("/");
}

std::string Hdf5Writer::image() {
  finish();
  std::string bytes;
  bytes.reserve(image_.size());
  image_.for_each_piece([&](std::string_view piece) { bytes += piece; });
  return bytes;
}

void Hdf5Writer::commit() {
  finish();
  AtomicFile file(path_, image_.size());
  image_.for_each_piece([&](std::string_view piece) { file.write(piece); });
  file.commit();
}

}  // namespace kairos::host
