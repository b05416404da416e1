// SPDX-License-Identifier: MIT
// The list of all layers.
#include "nn/layer_registry.hpp"

#include "nn/layers/application_layers.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

std::vector<LayerType> make_layer_types() {
  // clang-format off
  std::vector<LayerType> types{
      dense_layer_type(),
      activation_layer_type(),
      dropout_layer_type(),
      activity_regularization_layer_type(),
      flatten_layer_type(),
      batch_normalization_layer_type(),
      conv1d_layer_type(),
      conv2d_layer_type(),
      depthwise_conv1d_layer_type(),
      depthwise_conv2d_layer_type(),
      max_pooling1d_layer_type(),
      max_pooling2d_layer_type(),
      average_pooling1d_layer_type(),
      average_pooling2d_layer_type(),
      global_max_pooling1d_layer_type(),
      global_max_pooling2d_layer_type(),
      global_average_pooling1d_layer_type(),
      global_average_pooling2d_layer_type(),
      relu_layer_type(),
      leaky_relu_layer_type(),
      elu_layer_type(),
      softmax_layer_type(),
      rescaling_layer_type(),
      reshape_layer_type(),
      zero_padding2d_layer_type(),
      layer_normalization_layer_type(),
      embedding_layer_type(),
      masking_layer_type(),
      simple_rnn_layer_type(),
      lstm_layer_type(),
      gru_layer_type(),
      // Of these, which contain a layer or have several inputs, a shorthand can write none.
      bidirectional_layer_type(),
      time_distributed_layer_type(),
      add_layer_type(),
      subtract_layer_type(),
      multiply_layer_type(),
      average_layer_type(),
      maximum_layer_type(),
      minimum_layer_type(),
      concatenate_layer_type(),
      attention_layer_type(),
      additive_attention_layer_type(),
      multi_head_attention_layer_type(),
      rnn_layer_type(),
  };
  // clang-format on
  for (const LayerType& type : application_layer_types()) types.push_back(type);
  return types;
}

const std::vector<LayerType>& layer_types() {
  static const std::vector<LayerType> types = make_layer_types();
  return types;
}

}  // namespace

const LayerType* find_layer_type(std::string_view class_name) {
  for (const LayerType& type : layer_types())
    if (type.class_name == class_name) return &type;
  return nullptr;
}

const LayerType* find_layer_word(std::string_view word) {
  for (const LayerType& type : layer_types())
    if (type.word == word) return &type;
  return nullptr;
}

std::vector<std::string> layer_class_names() {
  std::vector<std::string> names{"InputLayer"};
  for (const LayerType& type : layer_types()) names.emplace_back(type.class_name);
  return names;
}

std::vector<std::string> layer_words() {
  std::vector<std::string> words{"input"};
  for (const LayerType& type : layer_types()) {
    if (type.class_name == "Bidirectional") break;
    words.emplace_back(type.word);
  }
  return words;
}

}  // namespace kairos::host
