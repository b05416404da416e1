// SPDX-License-Identifier: MIT
// Writes the training configuration of compiled models.
#include "nn/keras/training_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "nn/call_text.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"

namespace kairos::host {

namespace {

/// As Keras writes it: a name, or an object if there are arguments.
nlohmann::json loss_json(const CompileOptions& options) {
  CallText call = parse_call(options.loss, "loss");
  const std::string name(make_loss(options.loss)->name());
  const LossReduction reduction = own_reduction(call).value_or(options.loss_reduction);
  std::erase_if(call.arguments, [](const CallArgument& argument) { return argument.name == "reduction"; });
  const bool usual = reduction == LossReduction::SumOverBatchSize;
  // Keras cannot make a loss of a function with arguments by its name.
  const bool has_name = loss_class_name(name) != "CategoricalGeneralizedCrossEntropy";
  if (call.arguments.empty() && usual && has_name) return name;
  nlohmann::json object = call_json(call, "loss");
  if (!usual) object["config"]["reduction"] = reduction_name(reduction);
  object["class_name"] = loss_class_name(name);
  object["module"] = "keras.losses";
  object["registered_name"] = nullptr;
  return object;
}

/// Without those that Keras cannot compute: it would refuse the whole file.
nlohmann::json metrics_json(const std::string& loss, const std::vector<std::string>& texts) {
  if (loss.empty()) return nullptr;
  const TargetKind targets = make_loss(loss)->target_kind();
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& text : texts)
    if (keras_has_metric(text, targets)) list.push_back(metric_json(text));
  return list.empty() ? nlohmann::json(nullptr) : list;
}

}  // namespace

std::string write_training_config(std::span<const Port> outputs, std::span<const CompileOptions> options,
                                  const nlohmann::json& optimizer) {
  const bool several = options.size() > 1;
  const bool weighted = std::any_of(options.begin(), options.end(),
                                    [](const CompileOptions& one) { return one.loss_weight != 1; });
  // One value, or an object with a value per output.
  const auto by_output = [&](const auto& json_of, bool keep_null) {
    nlohmann::json values = nullptr;
    for (std::size_t i = 0; i < options.size(); ++i) {
      nlohmann::json value = json_of(options[i]);
      if (!several) return value;
      if (keep_null || !value.is_null()) values[outputs[i].name] = std::move(value);
    }
    return values;
  };
  const auto loss = [](const CompileOptions& one) {
    return one.loss.empty() ? nlohmann::json(nullptr) : loss_json(one);
  };
  const auto weight = [](const CompileOptions& one) { return nlohmann::json(one.loss_weight); };
  const auto metrics = [](const CompileOptions& one) { return metrics_json(one.loss, one.metrics); };
  const auto weighted_metrics = [](const CompileOptions& one) {
    return metrics_json(one.loss, one.weighted_metrics);
  };
  const nlohmann::json config{
      {"loss", by_output(loss, true)},
      {"loss_weights", weighted ? by_output(weight, true) : nlohmann::json(nullptr)},
      {"metrics", by_output(metrics, false)},
      {"weighted_metrics", by_output(weighted_metrics, false)},
      {"run_eagerly", false},
      {"steps_per_execution", 1},
      {"jit_compile", false},
      {"optimizer_config", optimizer},
  };
  return config.dump();
}

}  // namespace kairos::host
