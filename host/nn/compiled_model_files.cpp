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

namespace kairos::host {

namespace {

NamedArray copy_of(const TensorRef& tensor) {
  return {tensor.name, {tensor.shape, std::vector<float>(tensor.data, tensor.data + tensor.size())}};
}

/// What Keras writes: a name, or the object where there are arguments.
nlohmann::json loss_json(const std::string& text) {
  const CallText call = parse_call(text, "loss");
  const std::string name(make_loss(text)->name());
  if (call.arguments.empty()) return name;
  nlohmann::json object = call_json(call, "loss");
  object["class_name"] = loss_class_name(name);
  object["module"] = "keras.losses";
  object["registered_name"] = nullptr;
  return object;
}

nlohmann::json list_or_null(const std::vector<std::string>& names) {
  return names.empty() ? nlohmann::json(nullptr) : nlohmann::json(names);
}

}  // namespace

std::vector<LayerWeights> CompiledModel::layer_weights() const {
  std::vector<LayerWeights> layers;
  for (std::size_t i = 0; i < graph_->layer_count(); ++i) {
    Layer& layer = graph_->layer(i);
    LayerWeights entry{layer.name(), layer.class_name(), {}, layer.weight_groups()};
    for (Parameter& parameter : layer.parameters())
      entry.weights.push_back(
          copy_of({layer.name() + "/" + parameter.name, parameter.shape, parameter.values.data(), false}));
    layers.push_back(std::move(entry));
  }
  return layers;
}

std::string CompiledModel::training_config() const {
  if (options_.loss.empty()) return "";
  const nlohmann::json config{
      {"loss", loss_json(options_.loss)},
      {"loss_weights", nullptr},
      {"metrics", list_or_null(options_.metrics)},
      {"weighted_metrics", list_or_null(options_.weighted_metrics)},
      {"run_eagerly", false},
      {"steps_per_execution", 1},
      {"jit_compile", false},
      {"optimizer_config", optimizer_->json()},
  };
  return config.dump();
}

std::string CompiledModel::architecture() const {
  return write_keras_json(*graph_, name_);
}

void CompiledModel::save(const std::filesystem::path& file, SaveContent content) {
  ModelFile model;
  model.layers = layer_weights();
  model.architecture_json = architecture();
  if (content == SaveContent::Model) {
    model.training_config_json = training_config();
    for (const TensorRef& slot : optimizer_->slots()) model.optimizer.push_back(copy_of(slot));
    model.iterations = optimizer_->iterations();
  }
  make_parent_directories(file);
  write_model_file(file, content, model);
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
  const std::vector<Array> values = weights_for(read_model_file(file), layer_weights(), file);
  // weights_for has checked count and shapes, so nothing can fail from here on.
  for (std::size_t i = 0; i < weights_.size(); ++i)
    std::copy(values[i].values.begin(), values[i].values.end(), weights_[i].data);
}

}  // namespace kairos::host
