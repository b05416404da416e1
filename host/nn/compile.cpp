// SPDX-License-Identifier: MIT
// The public way to a compiled model.
#include "kairos/host/compile.hpp"

#include <utility>

#include "nn/architecture.hpp"
#include "nn/compiled_model.hpp"

namespace kairos::host {

std::unique_ptr<Model> compile(const ModelSource& source, const CompileOptions& options) {
  Architecture architecture = read_architecture(source);
  std::unique_ptr<Graph> graph = build_graph(architecture, source.input_shape, options.seed);
  return std::make_unique<CompiledModel>(std::move(graph), std::move(architecture), options);
}

std::string keras_json(const ModelSource& source) {
  Architecture architecture = read_architecture(source);
  const std::unique_ptr<Graph> graph = build_graph(architecture, source.input_shape, 0);
  return write_keras_json(architecture);
}

}  // namespace kairos::host
