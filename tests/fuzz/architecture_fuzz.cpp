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
    const bool open = architecture.kind == host::Architecture::Kind::Sequential &&
                      !architecture.layers.empty() && !architecture.layers.front().input_shape;
    constexpr std::int64_t most_values = 1 << 16;
    const auto graph = host::build_graph(architecture, open ? host::Shape{4} : host::Shape{}, 1, most_values);
    const std::string written = host::write_keras_json(architecture);
    static_cast<void>(host::read_keras_json(written, "written"));
  });
  return 0;
}
