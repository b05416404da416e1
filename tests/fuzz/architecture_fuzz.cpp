// SPDX-License-Identifier: MIT
// An architecture in JSON or in the one-line form, up to a graph with weights.
#include "fuzz.hpp"
#include "nn/architecture.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  host::ModelSource source;
  source.text = fuzz::text_of(data, size);
  fuzz::expect_value_or_diagnosis([&] {
    host::Architecture architecture = host::read_architecture(source);
    const std::string name = architecture.name;
    const host::Shape shape = architecture.input_shape ? host::Shape{} : host::Shape{4};
    constexpr std::int64_t most_values = 1 << 16;
    const auto graph = host::build_graph(std::move(architecture), shape, 1, most_values);
    const std::string written = host::write_keras_json(*graph, name);
    static_cast<void>(host::read_keras_json(written, "written"));
  });
  return 0;
}
