// SPDX-License-Identifier: MIT
// Reads whole chunks of rows, so that checking 64-bit values takes no second array of that width.
#include "io/hdf5_data.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/hdf5_reader.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

template <class T>
bool fits_float(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return !std::isfinite(value) || std::abs(value) <= static_cast<T>(std::numeric_limits<float>::max());
  else
    return std::cmp_less_equal(value, 1 << 24) && std::cmp_greater_equal(value, -(1 << 24));
}

template <class T>
[[noreturn]] void refuse_value(T value, std::int64_t row, const std::string& where) {
  const std::string found = fmt::format("{} in row {} (counted from 0)", value, row);
  if constexpr (std::is_floating_point_v<T>)
    throw Error(ErrorKind::Data, {"KAIROS-D006", where, "a value does not fit into float32", found,
                                  "at most 3.4e38", "Scale the column"});
  throw Error(ErrorKind::Data,
              {"KAIROS-D005", where, "an integer would change as float32", found, "-16777216 to 16777216",
               "Scale the column, or store it as float32 if the nearest float will do"});
}

/// Rows of a piece: at least some thousand values, and whole chunks, so that none is decompressed twice.
hsize_t piece_rows(const Hdf5Handle& dataset, const Array& array) {
  constexpr hsize_t values = hsize_t{1} << 18;
  const auto row_size = static_cast<hsize_t>(std::max<std::int64_t>(array.row_size(), 1));
  hsize_t rows = std::max<hsize_t>(values / row_size, 1);
  const Hdf5Handle creation(H5Dget_create_plist(dataset.id()), H5Pclose);
  if (creation.valid() && H5Pget_layout(creation.id()) == H5D_CHUNKED) {
    hsize_t chunk[H5S_MAX_RANK] = {};
    if (H5Pget_chunk(creation.id(), H5S_MAX_RANK, chunk) > 0 && chunk[0] > 0)
      rows = (rows + chunk[0] - 1) / chunk[0] * chunk[0];
  }
  return std::min(rows, static_cast<hsize_t>(array.rows()));
}

/// Reads through a buffer of T, in the type `memory_type`. False if HDF5 cannot.
template <class T>
bool read_checked(const Hdf5Handle& dataset, hid_t memory_type, Array& array, const std::string& where) {
  if (array.shape.empty()) {
    T value{};
    if (H5Dread(dataset.id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0) return false;
    if (!fits_float(value)) refuse_value(value, 0, where);
    array.values.front() = static_cast<float>(value);
    return true;
  }
  const auto row_size = static_cast<std::size_t>(array.row_size());
  const auto rows = static_cast<hsize_t>(array.rows());
  const hsize_t step = piece_rows(dataset, array);
  std::vector<T> buffer(static_cast<std::size_t>(step) * row_size);
  const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose);
  std::vector<hsize_t> begin(array.shape.size(), 0), size(array.shape.begin(), array.shape.end());
  auto out = array.values.begin();
  for (; begin[0] < rows; begin[0] += step) {
    size[0] = std::min(step, rows - begin[0]);
    const Hdf5Handle piece(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, begin.data(), nullptr, size.data(), nullptr) < 0 ||
        H5Dread(dataset.id(), memory_type, piece.id(), space.id(), H5P_DEFAULT, buffer.data()) < 0)
      return false;
    const std::size_t count = static_cast<std::size_t>(size[0]) * row_size;
    for (std::size_t i = 0; i < count; ++i) {
      if (!fits_float(buffer[i]))
        refuse_value(buffer[i], static_cast<std::int64_t>(begin[0] + i / row_size), where);
      *out++ = static_cast<float>(buffer[i]);
    }
  }
  return true;
}

bool read_plain(const Hdf5Handle& dataset, Array& array) {
  return H5Dread(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) >= 0;
}

/// h5py keeps bool as an enumeration of one byte.
bool is_bool(const Hdf5Handle& type) {
  return H5Tget_class(type.id()) == H5T_ENUM && H5Tget_size(type.id()) == 1;
}

bool read_numbers(const Hdf5Handle& dataset, const Hdf5Handle& type, Array& array, const std::string& where) {
  const std::size_t width = H5Tget_size(type.id());
  if (is_bool(type)) return read_checked<std::int8_t>(dataset, type.id(), array, where);
  if (H5Tget_class(type.id()) == H5T_FLOAT)
    return width <= sizeof(float) ? read_plain(dataset, array)
                                  : read_checked<double>(dataset, H5T_NATIVE_DOUBLE, array, where);
  if (width <= 2) return read_plain(dataset, array);
  return H5Tget_sign(type.id()) == H5T_SGN_NONE
             ? read_checked<std::uint64_t>(dataset, H5T_NATIVE_UINT64, array, where)
             : read_checked<std::int64_t>(dataset, H5T_NATIVE_INT64, array, where);
}

}  // namespace

Array Hdf5Group::data(const std::string& path) const {
  const std::string where = place(path);
  const Hdf5Handle dataset = open_array(path);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  if (!type.valid()) damaged(where);
  const H5T_class_t kind = H5Tget_class(type.id());
  if (kind != H5T_FLOAT && kind != H5T_INTEGER && !is_bool(type))
    refuse("KAIROS-F023", where, "this type of array cannot be read",
           kind == H5T_STRING     ? "text"
           : kind == H5T_COMPOUND ? "records of several fields"
                                  : "values that are not numbers",
           "numbers", "Write it as float32");
  Array array;
  array.values.resize(checked_shape(dataset, type, where, array.shape));
  if (!array.values.empty() && !read_numbers(dataset, type, array, where)) damaged(where);
  return array;
}

void Hdf5Group::no_such_data(const std::string& name) const {
  constexpr std::size_t listed = 20;
  const std::vector<std::string> names = children();
  std::string cure = name.empty() ? "" : nearest(name, names);
  if (!cure.empty()) {
    cure = "Did you mean \"" + cure + "\"?";
  } else if (!names.empty()) {
    for (std::size_t i = 0; i < std::min(listed, names.size()); ++i)
      cure += (i == 0 ? "Known are: " : ", ") + names[i];
    if (names.size() > listed) cure += ", …";
  }
  refuse("KAIROS-F024", place(name), name.empty() ? "no array is named" : "an array is missing", "",
         "file.h5:/path/to/array", cure);
}

std::optional<Hdf5Location> hdf5_location(std::string_view text) {
  for (const std::string_view ending : {".h5", ".hdf5"}) {
    if (text.ends_with(ending)) return Hdf5Location{std::string(text), ""};
    const std::size_t at = text.find(std::string(ending) + ":");
    if (at == std::string_view::npos) continue;
    const std::size_t colon = at + ending.size();
    return Hdf5Location{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  }
  return std::nullopt;
}

Array read_hdf5_data(const std::filesystem::path& path, const std::string& dataset) {
  Hdf5Group group = Hdf5Group::open(path);
  std::string rest = dataset;
  // Level by level, so that what is missing is told with what is there.
  for (;;) {
    rest.erase(0, std::min(rest.find_first_not_of('/'), rest.size()));
    const std::size_t slash = rest.find('/');
    const std::string level = rest.substr(0, slash);
    const bool last = slash == std::string::npos || rest.find_first_not_of('/', slash) == std::string::npos;
    if (level.empty() || !(last ? group.has_array(level) : group.has_group(level))) group.no_such_data(level);
    if (last) return group.data(level);
    group = group.group(level);
    rest.erase(0, slash);
  }
}

}  // namespace kairos::host
