// SPDX-License-Identifier: MIT
// Single arrays in separate files.
#include "io/npy.hpp"

#include "base/atomic_file.hpp"
#include "base/input_file.hpp"
#include "io/npy_format.hpp"

namespace kairos::host {

Array read_npy(const std::filesystem::path& path) {
  InputFile file(path);
  Array array = unless_changed(file, [&] { return decode_npy(file, file.size(), path.string()); });
  file.check_unchanged();
  return array;
}

void write_npy(const std::filesystem::path& path, const Array& array) {
  AtomicFile file(path, npy_body(array).size());
  file.write(npy_header(array));
  file.write(npy_body(array));
  file.commit();
}

}  // namespace kairos::host
