// SPDX-License-Identifier: MIT
// The public way to a compiled model.
#include "kairos/host/compile.hpp"

#include <array>
#include <utility>

#include "kairos/host/error.hpp"
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

LossReduction loss_reduction(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, LossReduction>, 2> known{{
      {"sum_over_batch_size", LossReduction::SumOverBatchSize},
      {"mean_with_sample_weight", LossReduction::MeanWithSampleWeight},
  }};
  std::vector<std::string> names;
  for (const auto& [text, reduction] : known) {
    if (name == text) return reduction;
    names.emplace_back(text);
  }
  throw Error(ErrorKind::Model, {"KAIROS-M033", "loss reduction", "there is no reduction \"" + name + "\"",
                                 "", "", suggest(name, names)});
}

}  // namespace kairos::host
