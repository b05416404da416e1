// SPDX-License-Identifier: MIT
// Distributes compile options to the outputs.
#include "nn/output_options.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

void check_names(std::span<const Port> outputs, const CompileOptions& options) {
  std::vector<std::string> names;
  for (const Port& output : outputs) names.push_back(output.name);
  for (const auto& [name, unused] : options.outputs)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(ErrorKind::Model, {"KAIROS-M070", "compile", "the model has no output \"" + name + "\"", "",
                                     "", suggest(name, names)});
}

CompileOptions with(CompileOptions options, const OutputOptions& own) {
  if (!own.loss.empty()) options.loss = own.loss;
  if (own.loss_weight) options.loss_weight = *own.loss_weight;
  if (!own.metrics.empty()) options.metrics = own.metrics;
  if (!own.weighted_metrics.empty()) options.weighted_metrics = own.weighted_metrics;
  return options;
}

}  // namespace

std::vector<CompileOptions> options_by_output(std::span<const Port> outputs, const CompileOptions& options) {
  check_names(outputs, options);
  CompileOptions common = options;
  common.outputs.clear();
  std::vector<CompileOptions> all;
  for (const Port& output : outputs) {
    const auto own = options.outputs.find(output.name);
    CompileOptions one = own == options.outputs.end() ? common : with(common, own->second);
    if (one.loss == "none" || one.loss == "None") one.loss.clear();
    const bool wants_metrics = own != options.outputs.end() &&
                               !(own->second.metrics.empty() && own->second.weighted_metrics.empty());
    if (one.loss.empty() && wants_metrics)
      throw Error(ErrorKind::Model, {"KAIROS-M071", "output \"" + output.name + "\"",
                                     "metrics of an output without a loss are not supported", "", "a loss",
                                     "Give it a loss with the weight 0"});
    if (!std::isfinite(static_cast<float>(one.loss_weight)))
      throw Error(ErrorKind::Model,
                  {"KAIROS-M072", "output \"" + output.name + "\"", "its loss weight is not a finite number",
                   std::to_string(one.loss_weight), "a finite number", "1 leaves the loss as it is"});
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace kairos::host
