// SPDX-License-Identifier: MIT
// A .keras archive; its weights are covered by the target hdf5.
#include "fuzz.hpp"
#include "io/keras_archive.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  const auto no_weights = [](std::string_view, const std::string&) {
    host::ModelFile weights;
    weights.layout = host::WeightsLayout::Keyed;
    return weights;
  };
  fuzz::expect_value_or_diagnosis(
      [&] { static_cast<void>(host::read_keras_archive(file.path(), no_weights)); });
  return 0;
}
