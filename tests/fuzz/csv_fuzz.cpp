// SPDX-License-Identifier: MIT
// CSV data: the first byte selects the options, the rest is the file.
#include "data/array_file.hpp"
#include "data/csv/dataset.hpp"

#include "fuzz.hpp"

using namespace kairos;

namespace {

/// The result of reading, as bytes: the values, or the error message.
std::string outcome(const host::DataSpec& spec, std::size_t threads) {
  std::string bytes;
  fuzz::expect_value_or_diagnosis([&] {
    try {
      const host::Dataset data = host::read_csv(spec, threads);
      data.check();
      for (const auto* arrays : {&data.inputs, &data.targets, &data.sample_weights})
        for (const host::NamedArray& one : *arrays)
          bytes.append(reinterpret_cast<const char*>(one.array.values.data()),
                       one.array.values.size() * sizeof(float));
    } catch (const host::Error& error) {
      bytes = error.what();
      throw;
    }
  });
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const fuzz::MemoryFile file(fuzz::text_of(data + 1, size - 1));
  host::DataSpec spec;
  spec.file = file.path();
  constexpr const char* targets[] = {"-1", "0", "label", "a,b"};
  spec.target = targets[data[0] & 3];
  spec.target_use = host::TargetUse::Optional;
  if ((data[0] & 4) != 0) spec.delimiter = ';';
  if ((data[0] & 8) != 0) spec.sample_weight = "weight";
  spec.header = static_cast<host::HeaderPolicy>((data[0] >> 4) % 3);
  spec.encoding = static_cast<host::TextEncoding>((data[0] >> 6) % 3);
  if (outcome(spec, 1) != outcome(spec, 2)) std::abort();  // the result must not depend on the threads
  fuzz::expect_value_or_diagnosis([&] {
    static_cast<void>(
        host::read_array_file(file.path().string(), {host::CsvWidth::OneColumn, spec.encoding, {}}));
  });
  return 0;
}
