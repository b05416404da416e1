// SPDX-License-Identifier: MIT
// An archive of NumPy arrays, also as a data set.
#include "data/npz_dataset.hpp"
#include "fuzz.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  host::DataSpec spec;
  spec.file = file.path();
  fuzz::expect_value_or_diagnosis([&] {
    const host::LoadedData loaded = host::read_npz_dataset(spec);
    loaded.train.check();
    if (loaded.validation) loaded.validation->check();
  });
  return 0;
}
