// SPDX-License-Identifier: MIT
// Checks each link, type, storage and size before HDF5 follows or allocates anything.
#include "io/hdf5/reader.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/available_memory.hpp"
#include "base/input_file.hpp"
#include "base/large_pages.hpp"
#include "io/hdf5/attribute.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

struct Hdf5Group::File {
  QuietHdf5 quiet;
  std::string name;
  std::uint64_t size = 0;
  Hdf5Handle handle;
  mutable std::uint64_t read = 0;  ///< bytes of values read so far: several arrays may share their storage
};

namespace {

/// Levels of a path; "." is the level itself and is dropped, as in HDF5.
std::vector<std::string> levels(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin && path.compare(begin, end - begin, ".") != 0)
      parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

herr_t take_innermost(unsigned, const H5E_error2_t* error, void* out) {
  if (error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
  return 1;
}

herr_t collect_name(hid_t, const char* name, const H5L_info_t*, void* out) {
  static_cast<std::vector<std::string>*>(out)->emplace_back(name);
  return 0;
}

/// "filter 32000 (h5py's lzf)": the numbers of the HDF5 Group's registry.
std::string filter_text(H5Z_filter_t filter) {
  constexpr std::pair<H5Z_filter_t, const char*> known[] = {
      {4, "szip"},      {5, "nbit"},    {6, "scale-offset"},   {307, "bzip2"},  {32000, "h5py's lzf"},
      {32001, "blosc"}, {32004, "lz4"}, {32008, "bitshuffle"}, {32015, "zstd"}, {32026, "blosc2"}};
  const std::string text = "filter " + std::to_string(filter);
  for (const auto& [number, name] : known)
    if (number == filter) return text + " (" + name + ")";
  return text;
}

/// What a soft link points to; "" if it cannot be read.
std::string link_target(const Hdf5Handle& group, const std::string& name, const H5L_info_t& link) {
  constexpr std::size_t longest = 200;
  if (link.type != H5L_TYPE_SOFT || link.u.val_size > longest) return "";
  std::string target(longest + 1, '\0');
  if (H5Lget_val(group.id(), name.c_str(), target.data(), target.size(), H5P_DEFAULT) < 0) return "";
  return target.substr(0, target.find('\0'));
}

}  // namespace

std::unique_lock<std::mutex> hdf5_turn() {
  static std::mutex turn;
  return std::unique_lock(turn);
}

std::string hdf5_reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, &reason);
  return reason.substr(0, reason.find('\n'));
}

Hdf5Group::Hdf5Group(std::shared_ptr<const File> file, Hdf5Handle group, std::string path)
    : file_(std::move(file)), group_(std::move(group)), path_(std::move(path)) {}

std::string Hdf5Group::place(const std::string& below) const {
  return file_->name + ":" + (path_.empty() && below.empty() ? "/" : path_) +
         (below.empty() ? "" : "/" + below);
}

void Hdf5Group::refuse(const char* code, const std::string& where, const char* what, const std::string& found,
                       const std::string& expected, const std::string& cure) const {
  throw Error(ErrorKind::File, {code, where, what, found, expected, cure});
}

void Hdf5Group::damaged(const std::string& where) const {
  refuse("KAIROS-F021", where, "the HDF5 file is damaged", hdf5_reason(), "", "Copy or write the file again");
}

Hdf5Group Hdf5Group::open(const std::filesystem::path& path) {
  return open(InputFile(path));  // rejects other files at once, before HDF5 blocks on them
}

Hdf5Group Hdf5Group::open(const InputFile& input) {
  auto file = std::make_shared<File>();
  file->name = input.name();
  file->size = input.size();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Chunks that are read in several parts are not decompressed again for each part.
  constexpr std::size_t cached_bytes = std::size_t{16} << 20, slots = 12421;
  H5Pset_cache(access.id(), 0, slots, cached_bytes, 0.75);
  H5Pset_file_locking(access.id(), 0, 1);  // reading must work without locks (network, read-only media)
  Hdf5Group root = open_root(std::move(file), input.name(), access);
  root.check_is(input);
  return root;
}

/// HDF5 opens by name: verifies that it opened the file that was checked.
void Hdf5Group::check_is(const InputFile& input) const {
  void* descriptor = nullptr;
  struct stat status {};
  if (H5Fget_vfd_handle(file_->handle.id(), H5P_DEFAULT, &descriptor) < 0 || descriptor == nullptr ||
      ::fstat(*static_cast<int*>(descriptor), &status) != 0)
    damaged(place());
  if (status.st_dev != input.stamp().device || status.st_ino != input.stamp().inode)
    refuse("KAIROS-F081", file_->name, "the file was replaced by another one", "",
           "the file that was opened first", "Do not change the data until the run has ended, and run again");
  input.check_unchanged();
}

Hdf5Group Hdf5Group::open_image(std::string_view bytes, const std::string& origin) {
  auto file = std::make_shared<File>();
  file->name = origin;
  file->size = bytes.size();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  constexpr std::size_t growth = std::size_t{1} << 16;
  H5Pset_fapl_core(access.id(), growth, 0);  // without a file: the image is all there is
  H5Pset_file_image(access.id(), const_cast<char*>(bytes.data()), bytes.size());  // HDF5 copies it
  return open_root(std::move(file), origin, access);
}

Hdf5Group Hdf5Group::open_root(std::shared_ptr<File> file, const std::string& path,
                               const Hdf5Handle& access) {
  file->handle = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose);
  if (!file->handle.valid())
    throw Error(ErrorKind::File, {"KAIROS-F021", file->name, "this is not a complete HDF5 file",
                                  hdf5_reason(), "a complete HDF5 file", "Copy or write the file again"});
  Hdf5Handle root(H5Gopen2(file->handle.id(), "/", H5P_DEFAULT), H5Gclose);
  Hdf5Group group(std::move(file), std::move(root), "");
  if (!group.group_.valid()) group.damaged(group.place());
  return group;
}

Hdf5Group::Kind Hdf5Group::kind_of(const std::string& name) const {
  const htri_t exists = H5Lexists(group_.id(), name.c_str(), H5P_DEFAULT);
  if (exists < 0) damaged(place(name));
  if (exists == 0) return Kind::Missing;
  H5L_info_t link;
  if (H5Lget_info(group_.id(), name.c_str(), &link, H5P_DEFAULT) < 0) damaged(place(name));
  if (link.type != H5L_TYPE_HARD) {
    const std::string target = link_target(group_, name, link);
    refuse("KAIROS-F022", place(name), "the file contains a link",
           link.type == H5L_TYPE_EXTERNAL ? "an external link"
           : link.type == H5L_TYPE_SOFT   ? "a soft link"
                                          : "a user-defined link",
           "the values themselves",
           target.empty() ? "Write the file again without links"
                          : "Name what it points to, \"" + target + "\", or write the file without links");
  }
  const Hdf5Handle object(H5Oopen(group_.id(), name.c_str(), H5P_DEFAULT), H5Oclose);
  if (!object.valid()) damaged(place(name));
  switch (H5Iget_type(object.id())) {
    case H5I_GROUP:
      return Kind::Group;
    case H5I_DATASET:
      return Kind::Array;
    default:
      return Kind::Other;
  }
}

bool Hdf5Group::has_group(const std::string& name) const {
  return kind_of(name) == Kind::Group;
}

bool Hdf5Group::has_array(const std::string& name) const {
  return kind_of(name) == Kind::Array;
}

bool Hdf5Group::has_attribute(const std::string& name) const {
  return H5Aexists(group_.id(), name.c_str()) > 0;
}

Hdf5Group Hdf5Group::group(const std::string& path) const {
  Hdf5Group current(file_, Hdf5Handle(H5Gopen2(group_.id(), ".", H5P_DEFAULT), H5Gclose), path_);
  if (!current.group_.valid()) damaged(place());
  for (const std::string& level : levels(path)) {
    if (current.kind_of(level) != Kind::Group)
      refuse("KAIROS-F024", current.place(level), "a group is missing", "", "a group of that name",
             "Write the file again");
    Hdf5Handle next(H5Gopen2(current.group_.id(), level.c_str(), H5P_DEFAULT), H5Gclose);
    if (!next.valid()) damaged(current.place(level));
    current = Hdf5Group(file_, std::move(next), current.path_ + "/" + level);
  }
  return current;
}

std::vector<std::string> Hdf5Group::children() const {
  std::vector<std::string> names;
  if (H5Literate(group_.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_name, &names) < 0)
    damaged(place());
  return names;
}

Hdf5Handle Hdf5Group::open_array(const std::string& path) const {
  const std::vector<std::string> parts = levels(path);
  if (parts.empty())
    refuse("KAIROS-F024", place(), "an array has no name", "", "a name", "Write the file again");
  std::string folder;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) folder += "/" + parts[i];
  const Hdf5Group parent = group(folder);
  if (parent.kind_of(parts.back()) != Kind::Array)
    refuse("KAIROS-F024", place(path), "an array is missing", "", "an array of that name",
           "Write the file again");
  Hdf5Handle dataset(H5Dopen2(parent.group_.id(), parts.back().c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) damaged(place(path));
  return dataset;
}

void Hdf5Group::check_storage(const Hdf5Handle& dataset, const std::string& where, std::uint64_t count,
                              std::size_t width) const {
  constexpr std::uint64_t deflate_limit = 1032;
  const Hdf5Handle creation(H5Dget_create_plist(dataset.id()), H5Pclose);
  if (!creation.valid()) damaged(where);
  const H5D_layout_t layout = H5Pget_layout(creation.id());
  if (layout == H5D_VIRTUAL || H5Pget_external_count(creation.id()) != 0)
    refuse("KAIROS-F022", where, "the values are stored in another file",
           layout == H5D_VIRTUAL ? "virtual storage" : "external storage", "the values themselves",
           "Write the file again with all values inside");
  std::uint64_t possible = file_->size;
  std::uint64_t needed = count;
  bool overflow = __builtin_mul_overflow(needed, width, &needed);
  if (layout == H5D_CHUNKED) {
    for (int i = 0; i < H5Pget_nfilters(creation.id()); ++i) {
      unsigned flags = 0;
      std::size_t values = 0;
      const H5Z_filter_t filter = H5Pget_filter2(creation.id(), static_cast<unsigned>(i), &flags, &values,
                                                 nullptr, 0, nullptr, nullptr);
      // Any other filter would make HDF5 load a library.
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
        refuse("KAIROS-F028", where, "this compression cannot be read", filter_text(filter), "gzip or none",
               "Write the array again with compression=\"gzip\", or without compression");
    }
    possible = std::min<std::uint64_t>(possible, H5Dget_storage_size(dataset.id())) * deflate_limit;
    hsize_t chunk[H5S_MAX_RANK] = {};
    std::uint64_t chunk_bytes = width;
    const int rank = H5Pget_chunk(creation.id(), H5S_MAX_RANK, chunk);
    for (int i = 0; i < rank; ++i) overflow |= __builtin_mul_overflow(chunk_bytes, chunk[i], &chunk_bytes);
    needed = std::max(needed, count == 0 ? 0 : chunk_bytes);
  }
  if (overflow || needed > possible)
    refuse("KAIROS-F025", where, "the file declares more than it contains",
           overflow ? "more bytes than any file can hold" : std::to_string(needed) + " bytes",
           "at most " + std::to_string(possible) + " from " + std::to_string(file_->size) + " stored",
           "Copy or write the file again");
}

std::uint64_t Hdf5Group::checked_shape(const Hdf5Handle& dataset, const Hdf5Handle& type,
                                       const std::string& where, std::vector<std::int64_t>& shape) const {
  const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose);
  if (!space.valid()) damaged(where);
  hsize_t dimensions[H5S_MAX_RANK] = {};
  const int rank = H5Sget_simple_extent_dims(space.id(), dimensions, nullptr);
  if (rank < 0 || H5Sget_simple_extent_type(space.id()) == H5S_NULL) damaged(where);
  std::uint64_t count = 1;
  bool overflow = false;
  for (int i = 0; i < rank; ++i) {
    shape.push_back(static_cast<std::int64_t>(dimensions[i]));
    overflow |= shape.back() < 0 || __builtin_mul_overflow(count, dimensions[i], &count);
  }
  check_storage(dataset, where, overflow ? UINT64_MAX : count, H5Tget_size(type.id()));
  return count;
}

void Hdf5Group::take_memory(const std::string& where, std::uint64_t count) const {
  // What was allocated earlier is no longer part of the available memory.
  require_memory(where, count * sizeof(float), whole_file_error, file_->read);
  file_->read += count * sizeof(float);
}

Array Hdf5Group::array(const std::string& path) const {
  const std::string where = place(path);
  const Hdf5Handle dataset = open_array(path);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  if (!type.valid()) damaged(where);
  const H5T_class_t kind = H5Tget_class(type.id());
  if (kind != H5T_FLOAT && kind != H5T_INTEGER)
    refuse("KAIROS-F023", where, "this type of array cannot be read",
           kind == H5T_OPAQUE ? "opaque values (bfloat16?)" : "values that are not numbers", "numbers",
           "Save the weights as float32");
  Array array;
  const std::uint64_t count = checked_shape(dataset, type, where, array.shape);
  take_memory(where, count);
  resize_large(array.values, count);
  if (!array.values.empty() &&
      H5Dread(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0)
    damaged(where);
  return array;
}

std::optional<std::int64_t> Hdf5Group::integer(const std::string& path) const {
  const Hdf5Handle dataset = open_array(path);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose);
  if (!type.valid() || !space.valid()) damaged(place(path));
  if (H5Tget_class(type.id()) != H5T_INTEGER || H5Sget_simple_extent_npoints(space.id()) != 1)
    return std::nullopt;
  check_storage(dataset, place(path), 1, H5Tget_size(type.id()));
  std::int64_t value = 0;
  if (H5Dread(dataset.id(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0)
    damaged(place(path));
  return value;
}

std::vector<std::string> Hdf5Group::strings(const std::string& attribute) const {
  const Hdf5Handle handle(H5Aopen(group_.id(), attribute.c_str(), H5P_DEFAULT), H5Aclose);
  std::vector<std::string> values;
  switch (handle.valid() ? read_hdf5_strings(handle, file_->size, values) : Hdf5Strings::Damaged) {
    case Hdf5Strings::Read:
      return values;
    case Hdf5Strings::NotText:
      refuse("KAIROS-F023", place(), "an attribute is not text", "\"" + attribute + "\"",
             "a string or a list of them", "Write the file again");
    case Hdf5Strings::TooLarge:
      refuse("KAIROS-F025", place(), "the file declares more than it contains",
             "the attribute \"" + attribute + "\"", "", "Copy or write the file again");
    case Hdf5Strings::Damaged:
      break;
  }
  damaged(place());
}

TextArray Hdf5Group::texts(const std::string& path) const {
  const Hdf5Handle dataset = open_array(path);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  if (!type.valid() || H5Tget_class(type.id()) != H5T_STRING) return {};
  const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose);
  if (!space.valid() || H5Sget_simple_extent_type(space.id()) == H5S_NULL) return {};
  TextArray array{true, false, {}, {}};
  const std::uint64_t count = checked_shape(dataset, type, place(path), array.shape);
  take_memory(place(path), count * (1 + H5Tget_size(type.id()) / sizeof(float)));
  if (read_hdf5_data_strings(dataset, file_->size, array.values) != Hdf5Strings::Read) damaged(place(path));
  return array;
}

std::string Hdf5Group::text(const std::string& attribute) const {
  if (!has_attribute(attribute)) return "";
  std::vector<std::string> values = strings(attribute);
  return values.empty() ? "" : std::move(values.front());
}

std::vector<std::string> Hdf5Group::names(const std::string& attribute) const {
  if (has_attribute(attribute)) return strings(attribute);
  std::vector<std::string> all;
  for (std::size_t i = 0; has_attribute(attribute + std::to_string(i)); ++i)
    for (std::string& name : strings(attribute + std::to_string(i))) all.push_back(std::move(name));
  return all;
}

}  // namespace kairos::host
