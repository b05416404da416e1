// SPDX-License-Identifier: MIT
// The list of all layers.
#include "nn/layer_registry.hpp"

#include "nn/layers/application_layers.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

// clang-format off
std::vector<LayerType> common_layer_types() {
  return {
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
  };
}

/// Those that fewer models use.
std::vector<LayerType> further_layer_types() {
  return {
      separable_conv1d_layer_type(),
      separable_conv2d_layer_type(),
      conv1d_transpose_layer_type(),
      conv2d_transpose_layer_type(),
      zero_padding1d_layer_type(),
      zero_padding3d_layer_type(),
      cropping1d_layer_type(),
      cropping2d_layer_type(),
      cropping3d_layer_type(),
      spatial_dropout1d_layer_type(),
      spatial_dropout2d_layer_type(),
      spatial_dropout3d_layer_type(),
      gaussian_noise_layer_type(),
      gaussian_dropout_layer_type(),
      alpha_dropout_layer_type(),
      identity_layer_type(),
      permute_layer_type(),
      repeat_vector_layer_type(),
      prelu_layer_type(),
      group_normalization_layer_type(),
      rms_normalization_layer_type(),
      unit_normalization_layer_type(),
      einsum_dense_layer_type(),
      up_sampling1d_layer_type(),
      up_sampling2d_layer_type(),
      conv3d_layer_type(),
      max_pooling3d_layer_type(),
      average_pooling3d_layer_type(),
      global_max_pooling3d_layer_type(),
      global_average_pooling3d_layer_type(),
      conv_lstm2d_layer_type(),
      normalization_layer_type(),
      category_encoding_layer_type(),
      discretization_layer_type(),
      resizing_layer_type(),
      center_crop_layer_type(),
      random_flip_layer_type(),
      random_rotation_layer_type(),
      random_translation_layer_type(),
      random_zoom_layer_type(),
      random_brightness_layer_type(),
      random_contrast_layer_type(),
      layer_scale_layer_type(),
  };
}

/// These contain a layer or have several inputs, so a shorthand can write none.
std::vector<LayerType> combining_layer_types() {
  return {
      bidirectional_layer_type(),
      time_distributed_layer_type(),
      add_layer_type(),
      subtract_layer_type(),
      multiply_layer_type(),
      average_layer_type(),
      maximum_layer_type(),
      minimum_layer_type(),
      concatenate_layer_type(),
      dot_layer_type(),
      attention_layer_type(),
      additive_attention_layer_type(),
      multi_head_attention_layer_type(),
      rnn_layer_type(),
  };
}

// clang-format on

const std::vector<LayerType>& layer_types() {
  static const std::vector<LayerType> types = [] {
    std::vector<LayerType> all = common_layer_types();
    for (const auto& part : {further_layer_types(), combining_layer_types(), application_layer_types()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
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
