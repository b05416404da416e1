// SPDX-License-Identifier: MIT
// The compiled model as the content of a file, and weights from one.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/atomic_file.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/compiled_model.hpp"
#include "train/call_text.hpp"
#include "train/metrics.hpp"

namespace kairos::host {

namespace {

NamedArray copy_of(const TensorRef& tensor) {
  return {tensor.name, {tensor.shape, std::vector<float>(tensor.data, tensor.data + tensor.size())}};
}

/// What Keras writes: a name, or the object where there are arguments.
nlohmann::json loss_json(const CompileOptions& options) {
  CallText call = parse_call(options.loss, "loss");
  const std::string name(make_loss(options.loss)->name());
  const LossReduction reduction = own_reduction(call).value_or(options.loss_reduction);
  std::erase_if(call.arguments, [](const CallArgument& argument) { return argument.name == "reduction"; });
  const bool usual = reduction == LossReduction::SumOverBatchSize;
  if (call.arguments.empty() && usual) return name;
  nlohmann::json object = call_json(call, "loss");
  if (!usual) object["config"]["reduction"] = reduction_name(reduction);
  object["class_name"] = loss_class_name(name);
  object["module"] = "keras.losses";
  object["registered_name"] = nullptr;
  return object;
}

LayerWeights weights_of(Layer& layer, const std::string& path) {
  LayerWeights entry{layer.name(), layer.class_name(), {}, layer.weight_groups()};
  const std::span<Parameter> parameters = layer.parameters();
  for (const Parameter& parameter : parameters)
    entry.weights.push_back(copy_of(
        {path + "/" + parameter.name, parameter.shape, const_cast<float*>(parameter.values.data()), false}));
  entry.trained = static_cast<std::size_t>(
      std::count_if(parameters.begin(), parameters.end(), [](const Parameter& p) { return p.trainable; }));
  return entry;
}

std::vector<LayerWeights> layer_weights(const Architecture& model) {
  const bool chain = model.kind == Architecture::Kind::Sequential;
  std::vector<LayerWeights> layers;
  for (const ArchitectureLayer& layer : model.layers) {
    if (layer.model)
      layers.push_back({layer.name, layer.class_name, {}, {}, std::nullopt, layer_weights(*layer.model)});
    else if (layer.is_input() && !chain)
      layers.push_back({layer.name, layer.class_name, {}});
    else if (!layer.is_input())
      layers.push_back(weights_of(*layer.instances.front(), (chain ? model.name + "/" : "") + layer.name));
  }
  return layers;
}

nlohmann::json metrics_json(const std::vector<std::string>& texts) {
  if (texts.empty()) return nullptr;
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& text : texts) list.push_back(metric_json(text));
  return list;
}

}  // namespace

std::string CompiledModel::training_config() const {
  if (heads_.empty()) return "";
  const bool several = output_options_.size() > 1;
  const bool weighted = std::any_of(output_options_.begin(), output_options_.end(),
                                    [](const CompileOptions& one) { return one.loss_weight != 1; });
  // One value, or an object with a value for each output.
  const auto by_output = [&](const auto& json_of, bool keep_null) {
    nlohmann::json values = nullptr;
    for (std::size_t i = 0; i < output_options_.size(); ++i) {
      nlohmann::json value = json_of(output_options_[i]);
      if (!several) return value;
      if (keep_null || !value.is_null()) values[graph_->outputs()[i].name] = std::move(value);
    }
    return values;
  };
  const auto loss = [](const CompileOptions& one) {
    return one.loss.empty() ? nlohmann::json(nullptr) : loss_json(one);
  };
  const auto weight = [](const CompileOptions& one) { return nlohmann::json(one.loss_weight); };
  const auto metrics = [](const CompileOptions& one) {
    return one.loss.empty() ? nlohmann::json(nullptr) : metrics_json(one.metrics);
  };
  const auto weighted_metrics = [](const CompileOptions& one) {
    return one.loss.empty() ? nlohmann::json(nullptr) : metrics_json(one.weighted_metrics);
  };
  const nlohmann::json config{
      {"loss", by_output(loss, true)},
      {"loss_weights", weighted ? by_output(weight, true) : nlohmann::json(nullptr)},
      {"metrics", by_output(metrics, false)},
      {"weighted_metrics", by_output(weighted_metrics, false)},
      {"run_eagerly", false},
      {"steps_per_execution", 1},
      {"jit_compile", false},
      {"optimizer_config", optimizer_->json()},
  };
  return config.dump();
}

std::string CompiledModel::architecture() const {
  return write_keras_json(architecture_);
}

void CompiledModel::save(const std::filesystem::path& file, SaveContent content) {
  save_later(file, content)();
}

std::function<void()> CompiledModel::save_later(const std::filesystem::path& file, SaveContent content) {
  ModelFile model;
  model.layers = layer_weights(architecture_);
  model.architecture_json = architecture();
  if (content == SaveContent::Model) {
    model.training_config_json = training_config();
    for (const TensorRef& slot : optimizer_->slots()) model.optimizer.push_back(copy_of(slot));
    model.iterations = optimizer_->iterations();
  }
  return [file, content, model = std::move(model)] {
    make_parent_directories(file);
    write_model_file(file, content, model);
  };
}

std::string CompiledModel::save_fault(const std::filesystem::path& file, SaveContent content) const {
  try {
    check_model_ending(file, content);
    return "";
  } catch (const Error& error) {
    const Diagnosis& d = error.diagnosis();
    return d.what + (d.expected.empty() ? "" : ", expected " + d.expected);
  }
}

void CompiledModel::load_weights(const std::filesystem::path& file) {
  const std::vector<Array> values = weights_for(read_model_file(file), layer_weights(architecture_), file);
  // weights_for has checked count and shapes, so nothing can fail from here on.
  for (std::size_t i = 0; i < weights_.size(); ++i)
    std::copy(values[i].values.begin(), values[i].values.end(), weights_[i].data);
}

}  // namespace kairos::host
