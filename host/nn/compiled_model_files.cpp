// SPDX-License-Identifier: MIT
// Saves compiled models to files and loads weights from them.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/large_pages.hpp"
#include "compute/parallel.hpp"
#include "io/input_columns.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/compiled_model.hpp"
#include "nn/keras/training_config.hpp"

namespace kairos::host {

namespace {

/// Reuses the memory of `to` if it is large enough.
void copy(const std::string& name, const Shape& shape, const float* values, NamedArray& to) {
  constexpr std::int64_t worth_a_thread = std::int64_t{1} << 18;
  const std::int64_t n = size_of(shape);
  to.name = name;
  to.array.shape = shape;
  resize_large(to.array.values, static_cast<std::size_t>(n));
  float* const copied = to.array.values.data();
  in_parallel(n, worth_a_thread, [=](std::int64_t begin, std::int64_t end) {
    std::copy(values + begin, values + end, copied + begin);
  });
}

void copy_weights(Layer& layer, const std::string& path, LayerWeights& to) {
  const std::span<Parameter> parameters = layer.parameters();
  to.groups = layer.weight_groups();
  to.weights.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i)
    copy(path + "/" + parameters[i].name, parameters[i].shape, parameters[i].values.data(), to.weights[i]);
  to.trained = static_cast<std::size_t>(
      std::count_if(parameters.begin(), parameters.end(), [](const Parameter& p) { return p.trainable; }));
}

/// `layers` is empty, or the result of an earlier copy of the same model.
void copy_weights(const Architecture& model, std::vector<LayerWeights>& layers) {
  const bool chain = model.kind == Architecture::Kind::Sequential;
  std::size_t count = 0;
  for (const ArchitectureLayer& layer : model.layers) {
    if (layer.operation || (chain && !layer.model && layer.is_input())) continue;
    if (count == layers.size()) layers.emplace_back();
    LayerWeights& to = layers[count++];
    to.name = layer.name;
    to.class_name = layer.class_name;
    if (layer.model)
      copy_weights(*layer.model, to.layers);
    else if (!layer.is_input())
      copy_weights(*layer.instances.front(), (chain ? model.name + "/" : "") + layer.name, to);
  }
}

const Port* port_of(const std::string& name, std::span<const Port> ports) {
  const auto own =
      std::find_if(ports.begin(), ports.end(), [&](const Port& one) { return one.name == name; });
  return own == ports.end() ? nullptr : &*own;
}

std::vector<std::string> names_of(std::span<const Port> ports) {
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  return names;
}

/// Whether there is one name for each value of a sample.
bool fit(const InputColumns& columns, const Port& port) {
  return std::ssize(columns.names) == size_of(port.shape);
}

}  // namespace

std::string CompiledModel::training_config() const {
  return heads_.empty() ? "" : write_training_config(graph_->outputs(), output_options_, optimizer_->json());
}

/// As Keras 3's to_json(): with compile_config if the model was compiled.
std::string CompiledModel::architecture() const {
  const std::string json = write_keras_json(architecture_);
  if (heads_.empty()) return json;
  const auto training = nlohmann::ordered_json::parse(training_config());
  nlohmann::ordered_json compiled;
  compiled["optimizer"] = training["optimizer_config"];
  for (const char* const key : {"loss", "loss_weights", "metrics", "weighted_metrics"})
    compiled[key] = training[key];
  auto model = nlohmann::ordered_json::parse(json);
  model["compile_config"] = std::move(compiled);
  return model.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void CompiledModel::copy_to(ModelFile& file, SaveContent content) {
  copy_weights(architecture_, file.layers);
  file.architecture_json = write_keras_json(architecture_);
  file.weights_label = presented_.empty() ? loaded_label() : presented_;
  const bool whole = content == SaveContent::Model;
  file.training_config_json = whole ? training_config() : "";
  file.input_columns = whole ? input_columns_ : std::vector<InputColumns>();
  const std::span<const TensorRef> slots = whole ? optimizer_->slots() : std::span<const TensorRef>();
  file.optimizer.resize(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i)
    copy(slots[i].name, slots[i].shape, slots[i].data, file.optimizer[i]);
  file.iterations = whole ? std::optional(optimizer_->iterations()) : std::nullopt;
}

void CompiledModel::save(const std::filesystem::path& file, SaveContent content) {
  ModelFile model;
  copy_to(model, content);
  make_parent_directories(file);
  write_model_file(file, content, model);
}

std::function<void()> CompiledModel::save_later(const std::filesystem::path& file, SaveContent content) {
  // New memory would cost the training thread more than the copy, because the system clears each page first.
  if (!copy_ || copy_->taken.exchange(true, std::memory_order_acquire)) copy_ = std::make_shared<KeptCopy>();
  copy_to(copy_->file, content);
  return [file, content, copy = copy_] {
    const std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)> given_back(
        &copy->taken, [](std::atomic<bool>* taken) { taken->store(false, std::memory_order_release); });
    make_parent_directories(file);
    write_model_file(file, content, copy->file);
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
  take_weights(read_model_file(file), file);
}

void CompiledModel::take_weights(const ModelFile& file, const std::filesystem::path& path) {
  std::vector<LayerWeights> layers;
  copy_weights(architecture_, layers);
  const std::vector<Array> values = weights_for(file, layers, path);
  // weights_for has checked count and shapes, so nothing can fail below.
  for (std::size_t i = 0; i < weights_.size(); ++i)
    std::copy(values[i].values.begin(), values[i].values.end(), weights_[i].data);
  take_input_columns(file.input_columns);
  loaded_ = file.weights_label.empty() ? LoadedLabel{} : LoadedLabel{path.string(), file.weights_label};
}

void CompiledModel::set_input_columns(std::vector<InputColumns> columns) {
  check_input_columns(columns, "input columns");
  for (const InputColumns& input : columns) {
    const Port* port = port_of(input.port, inputs());
    if (port == nullptr)
      throw Error(ErrorKind::Model, {"KAIROS-M131", "input columns", "the model has no input of this name",
                                     "\"" + input.port + "\"", "", suggest(input.port, names_of(inputs()))});
    if (!fit(input, *port))
      throw Error(
          ErrorKind::Model,
          {"KAIROS-M131", "input columns", "an input has a different number of values than columns",
           std::to_string(input.names.size()) + " names for \"" + input.port + "\"",
           "as many as shape " + shape_text(port->shape) + " has", "Name each value of a sample once"});
  }
  input_columns_ = std::move(columns);
}

/// Takes the column names of a file whose weights fit. A single input may have another name; of several, only
/// matching ones are taken.
void CompiledModel::take_input_columns(std::vector<InputColumns> stored) {
  if (stored.size() == 1 && inputs().size() == 1) stored.front().port = inputs().front().name;
  std::erase_if(stored, [&](const InputColumns& input) {
    const Port* port = port_of(input.port, inputs());
    return port == nullptr || !fit(input, *port);
  });
  if (!stored.empty()) input_columns_ = std::move(stored);
}

}  // namespace kairos::host
