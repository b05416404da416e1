// SPDX-License-Identifier: MIT
// A model or an array in HDF5, in this process; the program reads it in a child, because the HDF5 library has
// bugs. run_fuzzer.py distinguishes these from ours.
#include "fuzz.hpp"
#include "io/architecture.hpp"
#include "io/hdf5/data.hpp"
#include "io/hdf5/layouts.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<host::LayerWeights> layers{
      {"dense", "Dense", {{"kernel", {{1, 1}, {0}}}, {"bias", {{1}, {0}}}}}};
  fuzz::expect_value_or_diagnosis([&] {
    const host::ModelFile file = host::read_hdf5_image(fuzz::text_of(data, size), "fuzz.h5");
    static_cast<void>(host::architecture_facts(file.architecture_json, "fuzz.h5"));
    static_cast<void>(host::weights_for(file, layers, "fuzz.h5"));
  });
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  for (const char* dataset : {"", "layers/dense/vars/0"})
    fuzz::expect_value_or_diagnosis([&] { static_cast<void>(host::read_hdf5_data(file.path(), dataset)); });
  return 0;
}
