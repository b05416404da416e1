// SPDX-License-Identifier: MIT
// The public way to a compiled model.
#include "kairos/host/compile.hpp"

#include <utility>

#include "compute/processor.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/compiled_model.hpp"

namespace kairos::host {

std::unique_ptr<Model> compile(const ModelSource& source, const CompileOptions& options) {
  if (options.precision == Precision::Bf16) require_bf16(this_processor());
  Architecture architecture = read_architecture(source);
  std::unique_ptr<Graph> graph = build_graph(architecture, source.input_shape, options.seed,
                                             values_of_this_machine(), options.precision);
  return std::make_unique<CompiledModel>(std::move(graph), std::move(architecture), options);
}

std::string keras_json(const ModelSource& source) {
  Architecture architecture = read_architecture(source);
  const std::unique_ptr<Graph> graph = build_graph(architecture, source.input_shape, 0);
  return write_keras_json(architecture);
}

Precision precision(const std::string& name) {
  if (name == "float32") return Precision::Float32;
  if (name == "bf16") return Precision::Bf16;
  throw Error(ErrorKind::Model, {"KAIROS-M034", "precision", "there is no precision \"" + name + "\"", "", "",
                                 suggest(name, {"float32", "bf16"})});
}

}  // namespace kairos::host
