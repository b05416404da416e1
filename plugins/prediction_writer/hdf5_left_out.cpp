// SPDX-License-Identifier: MIT
// In place of hdf5_file.cpp, where the build has no HDF5.
#include "hdf5_file.hpp"

namespace kairos::plugins {

void require_hdf5() {
  throw Error(
      KAIROS_E_UNSUPPORTED,
      "this PredictionWriter was built without HDF5. Write filename=predictions.npy, or build Kairos with "
      "Debian's package libhdf5-dev");
}

void Hdf5File::open(const std::filesystem::path&) {
  require_hdf5();
}
void Hdf5File::make_group(const std::string&) {}
bool Hdf5File::append(const std::string&, const float*, std::int64_t, const std::vector<std::int64_t>&) {
  return false;
}
void Hdf5File::append(const std::string&, const std::int64_t*, std::int64_t) {}
void Hdf5File::close() {}
void Hdf5File::abandon() {}

}  // namespace kairos::plugins
