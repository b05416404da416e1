// SPDX-License-Identifier: MIT
// The public entry points that create compiled models.
#include "nn/compile.hpp"

#include <optional>
#include <utility>

#include "compute/processor.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/compiled_model.hpp"

namespace kairos::host {

namespace {

/// The saved model that the source names; empty if it names something else.
std::optional<ModelFile> read_saved(const ModelSource& source) {
  if (!holds_weights(kind_of(source.file))) return std::nullopt;
  ModelFile file = read_model_file(source.file);
  if (file.architecture_json.empty())
    throw Error(ErrorKind::Model,
                {"KAIROS-M095", source.file.string(), "the file contains weights but no model", "", "",
                 "Compile the architecture, and load these weights into the model"});
  return file;
}

}  // namespace

std::unique_ptr<Model> compile(const ModelSource& source, const CompileOptions& options) {
  UnknownKeys unknown(source.strict);
  std::unique_ptr<Model> model = compile(source, options, unknown);
  warn_unknown_keys(unknown, source);
  return model;
}

std::unique_ptr<Model> compile(const ModelSource& source, const CompileOptions& options,
                               UnknownKeys& unknown) {
  if (options.precision == Precision::Bf16) require_bf16(this_processor());
  const std::optional<ModelFile> saved = read_saved(source);
  Architecture architecture = saved ? read_keras_json(saved->architecture_json, source.file.string(), unknown)
                                    : read_architecture(source, unknown);
  std::unique_ptr<Graph> graph =
      build_graph(architecture, source.input_shape, options.seed, values_of_this_machine(), options.precision,
                  {source.input_shapes, source.open_length});
  auto model = std::make_unique<CompiledModel>(std::move(graph), std::move(architecture), options, &unknown);
  if (saved) model->take_weights(*saved, source.file);
  return model;
}

std::string keras_json(const ModelSource& source) {
  Architecture architecture = read_architecture(source);
  const std::unique_ptr<Graph> graph =
      build_graph(architecture, source.input_shape, 0, values_of_this_machine(), Precision::Float32,
                  {source.input_shapes, any_length});
  return write_keras_json(architecture);
}

Precision precision(const std::string& name) {
  if (name == "float32") return Precision::Float32;
  if (name == "bf16") return Precision::Bf16;
  throw Error(ErrorKind::Model, {"KAIROS-M034", "precision", "there is no precision \"" + name + "\"", "", "",
                                 suggest(name, {"float32", "bf16"})});
}

}  // namespace kairos::host
