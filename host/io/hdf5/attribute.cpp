// SPDX-License-Identifier: MIT
// Strings of variable and fixed length, and lists that are too long for one attribute.
#include "io/hdf5/attribute.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <span>

namespace kairos::host {

namespace {

/// For its lifetime, limits this process to `bytes` of additional memory; further allocations fail. For the
/// child process that reads: other threads would be limited too.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::uint64_t bytes) {
    ::getrlimit(RLIMIT_DATA, &before_);
    std::uint64_t total = 0, resident = 0, shared = 0, code = 0, libraries = 0, data = 0;  // in pages
    std::ifstream("/proc/self/statm") >> total >> resident >> shared >> code >> libraries >> data;
    const rlim_t wanted = data * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + bytes;
    if (data == 0 || wanted >= before_.rlim_cur) return;
    const rlimit limit{wanted, before_.rlim_max};
    ::setrlimit(RLIMIT_DATA, &limit);
  }
  ~MemoryLimit() { ::setrlimit(RLIMIT_DATA, &before_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  rlimit before_{};
};

/// Reads all values of an attribute or a data set.
using ReadAll = std::function<herr_t(hid_t memory_type, void* out)>;

/// Normally each string is stored once, but a hostile file may contain thousands of references to one string
/// of megabytes. The library does not report lengths in advance.
Hdf5Strings read_variable(const ReadAll& read_all, const Hdf5Handle& type, const Hdf5Handle& space,
                          std::size_t count, std::uint64_t file_size, std::vector<std::string>& out) {
  const Hdf5Handle memory_type(H5Tcopy(H5T_C_S1), H5Tclose);
  if (H5Tset_size(memory_type.id(), H5T_VARIABLE) < 0 ||
      H5Tset_cset(memory_type.id(), H5Tget_cset(type.id())) < 0)
    return Hdf5Strings::Damaged;
  std::vector<char*> pointers(count, nullptr);
  bool read = false;
  {
    constexpr std::uint64_t of_library = std::uint64_t{64} << 20;
    const MemoryLimit limit(of_library + 4 * file_size);
    read = read_all(memory_type.id(), pointers.data()) >= 0;
  }
  if (read)
    for (const char* text : pointers) out.emplace_back(text != nullptr ? text : "");
  H5Dvlen_reclaim(memory_type.id(), space.id(), H5P_DEFAULT, pointers.data());
  return read ? Hdf5Strings::Read : Hdf5Strings::Damaged;
}

Hdf5Strings read_fixed(const ReadAll& read_all, const Hdf5Handle& type, std::size_t count, std::size_t width,
                       std::vector<std::string>& out) {
  std::string bytes(count * width, '\0');
  if (read_all(type.id(), bytes.data()) < 0) return Hdf5Strings::Damaged;
  const bool spaces = H5Tget_strpad(type.id()) == H5T_STR_SPACEPAD;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = bytes.substr(i * width, width);
    text.resize(std::min(text.find('\0'), text.size()));
    if (spaces) text.resize(text.find_last_not_of(' ') + 1);
    out.push_back(std::move(text));
  }
  return Hdf5Strings::Read;
}

bool write_list(hid_t object, const std::string& name, std::span<const std::string> values,
                std::size_t width) {
  std::string bytes(values.size() * width, '\0');
  for (std::size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), bytes.begin() + static_cast<std::ptrdiff_t>(i * width));
  const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), width);
  H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  const hsize_t count = values.size();
  const Hdf5Handle space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  const Hdf5Handle attribute(
      H5Acreate2(object, name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  return attribute.valid() && H5Awrite(attribute.id(), type.id(), bytes.data()) >= 0;
}

bool write_no_names(hid_t object, const std::string& name) {
  const hsize_t count = 0;
  const Hdf5Handle space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  const Hdf5Handle attribute(
      H5Acreate2(object, name.c_str(), H5T_IEEE_F64LE, space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  return attribute.valid();
}

}  // namespace

Hdf5Strings read_hdf5_strings(const Hdf5Handle& attribute, std::uint64_t file_size,
                              std::vector<std::string>& out) {
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  if (!type.valid() || !space.valid()) return Hdf5Strings::Damaged;
  const hssize_t points = H5Sget_simple_extent_npoints(space.id());
  if (points < 0) return Hdf5Strings::Damaged;
  if (points == 0) return Hdf5Strings::Read;
  if (H5Tget_class(type.id()) != H5T_STRING) return Hdf5Strings::NotText;
  const bool variable = H5Tis_variable_str(type.id()) > 0;
  constexpr std::size_t heap_reference = 16;
  const std::size_t width = variable ? heap_reference : H5Tget_size(type.id());
  const auto count = static_cast<std::uint64_t>(points);
  if (width == 0 || count > file_size / width) return Hdf5Strings::TooLarge;
  const ReadAll read = [&](hid_t memory_type, void* to) { return H5Aread(attribute.id(), memory_type, to); };
  return variable ? read_variable(read, type, space, count, file_size, out)
                  : read_fixed(read, type, count, width, out);
}

Hdf5Strings read_hdf5_data_strings(const Hdf5Handle& data_set, std::uint64_t file_size,
                                   std::vector<std::string>& out) {
  const Hdf5Handle type(H5Dget_type(data_set.id()), H5Tclose);
  const Hdf5Handle space(H5Dget_space(data_set.id()), H5Sclose);
  if (!type.valid() || !space.valid()) return Hdf5Strings::Damaged;
  if (H5Tget_class(type.id()) != H5T_STRING) return Hdf5Strings::NotText;
  const hssize_t count = H5Sget_simple_extent_npoints(space.id());
  if (count < 0) return Hdf5Strings::Damaged;
  if (count == 0) return Hdf5Strings::Read;
  const ReadAll read = [&](hid_t memory_type, void* to) {
    return H5Dread(data_set.id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
  };
  const auto values = static_cast<std::size_t>(count);
  return H5Tis_variable_str(type.id()) > 0 ? read_variable(read, type, space, values, file_size, out)
                                           : read_fixed(read, type, values, H5Tget_size(type.id()), out);
}

bool write_hdf5_text(hid_t object, const char* name, const std::string& value, Hdf5Charset charset) {
  const bool ascii =
      std::all_of(value.begin(), value.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
  const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), H5T_VARIABLE);
  H5Tset_cset(type.id(), ascii && charset == Hdf5Charset::Ascii ? H5T_CSET_ASCII : H5T_CSET_UTF8);
  const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Hdf5Handle attribute(H5Acreate2(object, name, type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
                             H5Aclose);
  const char* text = value.c_str();
  return attribute.valid() && H5Awrite(attribute.id(), type.id(), static_cast<const void*>(&text)) >= 0;
}

bool write_hdf5_names(hid_t object, const std::string& name, const std::vector<std::string>& values) {
  if (values.empty()) return write_no_names(object, name);
  std::size_t width = 1;
  for (const std::string& value : values) width = std::max(width, value.size());
  if (width > hdf5_attribute_limit) return false;
  if (values.size() * width <= hdf5_attribute_limit) return write_list(object, name, values, width);
  // As few parts as possible, of nearly equal length, the longer ones first: the same split as Keras'.
  std::size_t parts = 2;
  while (((values.size() + parts - 1) / parts) * width > hdf5_attribute_limit) ++parts;
  std::span<const std::string> rest(values);
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t count = values.size() / parts + (i < values.size() % parts ? 1 : 0);
    if (!write_list(object, name + std::to_string(i), rest.first(count), width)) return false;
    rest = rest.subspan(count);
  }
  return true;
}

}  // namespace kairos::host
