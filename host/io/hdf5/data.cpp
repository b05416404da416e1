// SPDX-License-Identifier: MIT
// Reads whole chunks of rows, so that checking 64-bit values needs no second array of that width.
#include "io/hdf5/data.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/large_pages.hpp"
#include "base/name_list.hpp"
#include "io/hdf5/reader.hpp"
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

/// HDF5 may leave elements that were never written unchanged; this mark is reported when the values are
/// checked.
template <class T>
void mark_missing(T* begin, std::size_t count) {
  using Limits = std::numeric_limits<T>;
  std::fill_n(begin, count, Limits::has_quiet_NaN ? Limits::quiet_NaN() : Limits::max());
}

template <class T>
[[noreturn]] void refuse_value(T value, std::int64_t row, const std::string& where) {
  const std::string found = fmt::format("{} in row {} (counted from 0)", value, row);
  if constexpr (std::is_floating_point_v<T>)
    throw Error(ErrorKind::Data, {"KAIROS-D006", where, "a value does not fit into float32", found,
                                  "at most 3.4e38", "Scale the column"});
  throw Error(ErrorKind::Data,
              {"KAIROS-D005", where, "an integer is not exact in float32", found, "-16777216 to 16777216",
               "Scale the column, or store it as float32 if rounding is acceptable"});
}

/// Rows of a chunk; 0 if the array is not chunked.
hsize_t chunk_rows(const Hdf5DataSet& set) {
  const Hdf5Handle creation(H5Dget_create_plist(set.handle.id()), H5Pclose);
  if (!creation.valid() || H5Pget_layout(creation.id()) != H5D_CHUNKED) return 0;
  hsize_t chunk[H5S_MAX_RANK] = {};
  return H5Pget_chunk(creation.id(), H5S_MAX_RANK, chunk) > 0 ? chunk[0] : 0;
}

/// Rows to read at once: at least some thousand values, in whole chunks, so that no chunk is decompressed
/// twice.
hsize_t piece_rows(const Hdf5DataSet& set, hsize_t row_size) {
  constexpr hsize_t values = hsize_t{1} << 18;
  const hsize_t rows = std::max<hsize_t>(values / std::max<hsize_t>(row_size, 1), 1);
  const hsize_t chunk = std::max<hsize_t>(chunk_rows(set), 1);
  return (rows + chunk - 1) / chunk * chunk;
}

/// h5py stores bool as an enumeration of one byte.
bool is_bool(const Hdf5Handle& type) {
  return H5Tget_class(type.id()) == H5T_ENUM && H5Tget_size(type.id()) == 1;
}

/// IEEE 754 half precision, for which this version of HDF5 may have no constant.
bool is_half(const Hdf5Handle& type) {
  if (H5Tget_class(type.id()) != H5T_FLOAT || H5Tget_size(type.id()) != 2) return false;
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  return H5Tget_fields(type.id(), &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) >= 0 &&
         sign == 15 && exponent == 10 && exponent_bits == 5 && mantissa == 0 && mantissa_bits == 10 &&
         H5Tget_ebias(type.id()) == 15 && H5Tget_norm(type.id()) == H5T_NORM_IMPLIED;
}

/// NumPy's name of a stored type, or "" if there is none.
std::string_view plain_type(const Hdf5Handle& type) {
  if (is_bool(type)) return plain_type(Hdf5Handle(H5Tget_super(type.id()), H5Tclose));
  if (is_half(type)) {
    const H5T_order_t order = H5Tget_order(type.id());
    return order == H5T_ORDER_LE ? "<f2" : order == H5T_ORDER_BE ? ">f2" : "";
  }
  const std::pair<hid_t, std::string_view> known[] = {
      {H5T_IEEE_F32LE, "<f4"}, {H5T_IEEE_F32BE, ">f4"}, {H5T_IEEE_F64LE, "<f8"}, {H5T_IEEE_F64BE, ">f8"},
      {H5T_STD_U8LE, "|u1"},   {H5T_STD_I8LE, "|i1"},   {H5T_STD_U16LE, "<u2"},  {H5T_STD_U16BE, ">u2"},
      {H5T_STD_I16LE, "<i2"},  {H5T_STD_I16BE, ">i2"},  {H5T_STD_U32LE, "<u4"},  {H5T_STD_U32BE, ">u4"},
      {H5T_STD_I32LE, "<i4"},  {H5T_STD_I32BE, ">i4"},  {H5T_STD_U64LE, "<u8"},  {H5T_STD_U64BE, ">u8"},
      {H5T_STD_I64LE, "<i8"},  {H5T_STD_I64BE, ">i8"}};
  for (const auto& [id, name] : known)
    if (H5Tequal(type.id(), id) > 0) return name;
  return "";
}

/// Reads rows [first, first + count) as HDF5 converts them.
bool read_hyperslab(const Hdf5DataSet& set, hid_t memory_type, hsize_t first, hsize_t count, void* out) {
  const Hdf5Handle space(H5Dget_space(set.handle.id()), H5Sclose);
  if (H5Sget_simple_extent_ndims(space.id()) == 0)  // a scalar
    return H5Dread(set.handle.id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
  std::vector<hsize_t> begin(set.shape.size(), 0), size(set.shape.begin(), set.shape.end());
  begin[0] = first;
  size[0] = count;
  const Hdf5Handle piece(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
  return space.valid() && piece.valid() &&
         H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, begin.data(), nullptr, size.data(), nullptr) >= 0 &&
         H5Dread(set.handle.id(), memory_type, piece.id(), space.id(), H5P_DEFAULT, out) >= 0;
}

/// Reads through a buffer of T, with the memory type `memory_type`. False if HDF5 fails.
template <class T>
bool read_checked(const Hdf5DataSet& set, hid_t memory_type, std::int64_t first, std::int64_t count,
                  float* out) {
  const std::size_t row_size = set.size / static_cast<std::size_t>(set.shape[0]);
  const hsize_t rows = static_cast<hsize_t>(count), step = std::min(piece_rows(set, row_size), rows);
  std::vector<T> buffer(static_cast<std::size_t>(step) * row_size);
  // Pieces end where chunks do.
  for (hsize_t at = static_cast<hsize_t>(first), end = at + rows; at < end;) {
    const hsize_t now = std::min(step - at % step, end - at);
    mark_missing(buffer.data(), now * row_size);
    if (!read_hyperslab(set, memory_type, at, now, buffer.data())) return false;
    for (std::size_t i = 0; i < now * row_size; ++i) {
      if (!fits_float(buffer[i]))
        refuse_value(buffer[i], static_cast<std::int64_t>(at + i / row_size), set.where);
      *out++ = static_cast<float>(buffer[i]);
    }
    at += now;
  }
  return true;
}

bool read_numbers(const Hdf5DataSet& set, std::int64_t first, std::int64_t count, float* out) {
  const auto plain = [&] {
    mark_missing(out, static_cast<std::size_t>(count) * (set.size / static_cast<std::size_t>(set.shape[0])));
    return read_hyperslab(set, H5T_NATIVE_FLOAT, static_cast<hsize_t>(first), static_cast<hsize_t>(count),
                          out);
  };
  const hid_t type = set.type.id();
  const std::size_t width = H5Tget_size(type);
  if (is_bool(set.type)) return read_checked<std::int8_t>(set, type, first, count, out);
  if (H5Tget_class(type) == H5T_FLOAT)
    return width <= sizeof(float) ? plain() : read_checked<double>(set, H5T_NATIVE_DOUBLE, first, count, out);
  if (width <= 2) return plain();
  return H5Tget_sign(type) == H5T_SGN_NONE
             ? read_checked<std::uint64_t>(set, H5T_NATIVE_UINT64, first, count, out)
             : read_checked<std::int64_t>(set, H5T_NATIVE_INT64, first, count, out);
}

/// A level of a path that is missing, a group where an array is expected, or the opposite.
[[noreturn]] void refuse_level(const Hdf5Group& group, const std::string& level, bool last) {
  constexpr const char* expected = "file.h5:/path/to/array";
  if (last && group.has_group(level)) {
    const Hdf5Group found = group.group(level);
    std::vector<std::string> members = found.children();
    for (std::string& member : members) member = found.place(member);
    group.refuse("KAIROS-F024", group.place(level), "this is a group, not an array", "", expected,
                 members.empty() ? "The group is empty; choose another one"
                                 : "Name one of its members: " + joined_names(members));
  }
  if (!last && group.has_array(level))
    group.refuse("KAIROS-F024", group.place(level), "this is an array, not a group", "", expected,
                 "Leave out what follows its name");
  group.no_such_data(level);
}

/// Whether values have a place in the file itself that no program has written.
bool is_unwritten(const Hdf5Handle& dataset, const Hdf5Handle& space) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset.id()), H5Pclose);
  if (!creation.valid() || H5Sget_simple_extent_npoints(space.id()) <= 0) return false;
  const H5D_layout_t layout = H5Pget_layout(creation.id());
  if ((layout != H5D_CHUNKED && layout != H5D_CONTIGUOUS) || H5Pget_external_count(creation.id()) != 0)
    return false;
  H5D_space_status_t status = H5D_SPACE_STATUS_ALLOCATED;
  return H5Dget_space_status(dataset.id(), &status) >= 0 && status == H5D_SPACE_STATUS_NOT_ALLOCATED;
}

/// The group that contains the data set `path`, which is reduced to the name of the data set. Proceeds level
/// by level, so that an error can list the existing names.
Hdf5Group group_of(const InputFile& file, std::string& path) {
  Hdf5Group group = Hdf5Group::open(file);
  for (;;) {
    path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
    const std::size_t slash = path.find('/');
    const std::string level = path.substr(0, slash);
    const bool last = slash == std::string::npos || path.find_first_not_of('/', slash) == std::string::npos;
    if (level.empty()) group.no_such_data(level);
    if (last ? !group.has_array(level) : !group.has_group(level)) refuse_level(group, level, last);
    if (last) {
      path = level;
      return group;
    }
    group = group.group(level);
    path.erase(0, slash);
  }
}

}  // namespace

Hdf5DataSet Hdf5Group::data_set(const std::string& path) const {
  Hdf5DataSet set;
  set.where = place(path);
  set.handle = open_array(path);
  set.type = Hdf5Handle(H5Dget_type(set.handle.id()), H5Tclose);
  if (!set.type.valid()) damaged(set.where);
  const H5T_class_t kind = H5Tget_class(set.type.id());
  if (kind != H5T_FLOAT && kind != H5T_INTEGER && !is_bool(set.type))
    refuse("KAIROS-F023", set.where, "this type of array cannot be read",
           kind == H5T_STRING     ? "text"
           : kind == H5T_COMPOUND ? "records of several fields"
                                  : "values that are not numbers",
           "numbers",
           kind == H5T_STRING ? "Text is read only as a target; store inputs and weights as numbers"
                              : "Write it as float32");
  const Hdf5Handle space(H5Dget_space(set.handle.id()), H5Sclose);
  if (!space.valid()) damaged(set.where);
  if (H5Sget_simple_extent_type(space.id()) == H5S_NULL)
    refuse("KAIROS-F083", set.where, "the array is null", "a type without a shape and values", "values",
           "Write an array, or name another one");
  if (is_unwritten(set.handle, space))
    refuse("KAIROS-F083", set.where, "the array was never written", "a shape without values", "values",
           "Run the program that writes them again");
  set.size = checked_shape(set.handle, set.type, set.where, set.shape);
  return set;
}

void Hdf5Group::read_rows(const Hdf5DataSet& set, std::int64_t first, std::int64_t count, float* out) const {
  if (!read_numbers(set, first, count, out)) damaged(set.where);
}

Array Hdf5Group::data(const std::string& path) const {
  Hdf5DataSet set = data_set(path);
  Array array;
  array.shape = set.shape;
  take_memory(set.where, set.size);
  resize_large(array.values, set.size);
  if (array.values.empty()) return array;
  // A scalar is read as the only row.
  if (set.shape.empty()) set.shape.push_back(1);
  read_rows(set, 0, set.shape[0], array.values.data());
  return array;
}

void Hdf5Group::no_such_data(const std::string& name) const {
  std::vector<std::string> names = children();
  std::erase(names, name);  // an object of this name that is neither a group nor an array
  std::string cure = name.empty() ? "" : nearest(name, names);
  if (!cure.empty()) {
    cure = "Did you mean \"" + cure + "\"?";
  } else if (!names.empty()) {
    cure = "Known names: " + joined_names(names);
  }
  refuse("KAIROS-F024", place(name), name.empty() ? "no array is named" : "an array is missing", "",
         "file.h5:/path/to/array", cure);
}

Array read_hdf5_data(const std::filesystem::path& path, const std::string& dataset) {
  std::string name = dataset;
  return group_of(InputFile(path), name).data(name);
}

TextArray read_hdf5_text(const std::filesystem::path& path, const std::string& dataset) {
  std::string name = dataset;
  return group_of(InputFile(path), name).texts(name);
}

struct Hdf5DataRows::Open {
  Hdf5Group group;
  Hdf5DataSet set;
  std::vector<std::int64_t> shape;
};

Hdf5DataRows::Hdf5DataRows(const InputFile& file, const std::string& dataset) {
  std::string name = dataset;
  Hdf5Group group = group_of(file, name);
  Hdf5DataSet set = group.data_set(name);
  std::vector<std::int64_t> shape = set.shape;
  // A scalar is read as the only row.
  if (shape.empty()) set.shape.push_back(1);
  open_ = std::make_unique<Open>(Open{std::move(group), std::move(set), std::move(shape)});
}

Hdf5DataRows::~Hdf5DataRows() = default;

const std::vector<std::int64_t>& Hdf5DataRows::shape() const {
  return open_->shape;
}

Hdf5Storage Hdf5DataRows::storage() const {
  const Hdf5DataSet& set = open_->set;
  Hdf5Storage storage;
  storage.chunk_rows =
      static_cast<std::int64_t>(std::min<hsize_t>(chunk_rows(set), std::numeric_limits<std::int64_t>::max()));
  const Hdf5Handle creation(H5Dget_create_plist(set.handle.id()), H5Pclose);
  const std::string_view type = plain_type(set.type);
  if (!creation.valid() || H5Pget_layout(creation.id()) != H5D_CONTIGUOUS || type.empty()) return storage;
  // An array that was never written has no offset; its values are the fill value.
  const haddr_t begin = H5Dget_offset(set.handle.id());
  if (begin == HADDR_UNDEF) return storage;
  storage.begin = begin;
  std::copy(type.begin(), type.end(), storage.type);
  return storage;
}

void Hdf5DataRows::read(std::int64_t first, std::int64_t count, float* out) const {
  open_->group.read_rows(open_->set, first, count, out);
}

}  // namespace kairos::host
