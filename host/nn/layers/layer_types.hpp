// SPDX-License-Identifier: MIT
// All kinds of layers, each defined in the file of its name.
#pragma once

#include "compute/activation.hpp"
#include "nn/layer_registry.hpp"

namespace kairos::host {

[[nodiscard]] LayerType activation_layer_type();
[[nodiscard]] LayerType activity_regularization_layer_type();
[[nodiscard]] LayerType add_layer_type();
[[nodiscard]] LayerType additive_attention_layer_type();
[[nodiscard]] LayerType alpha_dropout_layer_type();
[[nodiscard]] LayerType attention_layer_type();
[[nodiscard]] LayerType average_layer_type();
[[nodiscard]] LayerType average_pooling1d_layer_type();
[[nodiscard]] LayerType average_pooling2d_layer_type();
[[nodiscard]] LayerType average_pooling3d_layer_type();
[[nodiscard]] LayerType batch_normalization_layer_type();
[[nodiscard]] LayerType bidirectional_layer_type();
[[nodiscard]] LayerType category_encoding_layer_type();
[[nodiscard]] LayerType center_crop_layer_type();
[[nodiscard]] LayerType concatenate_layer_type();
[[nodiscard]] LayerType conv1d_layer_type();
[[nodiscard]] LayerType conv1d_transpose_layer_type();
[[nodiscard]] LayerType conv2d_layer_type();
[[nodiscard]] LayerType conv2d_transpose_layer_type();
[[nodiscard]] LayerType conv3d_layer_type();
[[nodiscard]] LayerType conv_lstm2d_layer_type();
[[nodiscard]] LayerType cropping1d_layer_type();
[[nodiscard]] LayerType cropping2d_layer_type();
[[nodiscard]] LayerType cropping3d_layer_type();
[[nodiscard]] LayerType dense_layer_type();
[[nodiscard]] LayerType depthwise_conv1d_layer_type();
[[nodiscard]] LayerType depthwise_conv2d_layer_type();
[[nodiscard]] LayerType discretization_layer_type();
[[nodiscard]] LayerType dot_layer_type();
[[nodiscard]] LayerType dropout_layer_type();
[[nodiscard]] LayerType einsum_dense_layer_type();
[[nodiscard]] LayerType elu_layer_type();
[[nodiscard]] LayerType embedding_layer_type();
[[nodiscard]] LayerType flatten_layer_type();
[[nodiscard]] LayerType gaussian_dropout_layer_type();
[[nodiscard]] LayerType gaussian_noise_layer_type();
[[nodiscard]] LayerType global_average_pooling1d_layer_type();
[[nodiscard]] LayerType global_average_pooling2d_layer_type();
[[nodiscard]] LayerType global_average_pooling3d_layer_type();
[[nodiscard]] LayerType global_max_pooling1d_layer_type();
[[nodiscard]] LayerType global_max_pooling2d_layer_type();
[[nodiscard]] LayerType global_max_pooling3d_layer_type();
[[nodiscard]] LayerType group_normalization_layer_type();
[[nodiscard]] LayerType gru_layer_type();
[[nodiscard]] LayerType identity_layer_type();
[[nodiscard]] LayerType layer_normalization_layer_type();
[[nodiscard]] LayerType layer_scale_layer_type();
[[nodiscard]] LayerType leaky_relu_layer_type();
[[nodiscard]] LayerType lstm_layer_type();
[[nodiscard]] LayerType masking_layer_type();
[[nodiscard]] LayerType max_pooling1d_layer_type();
[[nodiscard]] LayerType max_pooling2d_layer_type();
[[nodiscard]] LayerType max_pooling3d_layer_type();
[[nodiscard]] LayerType maximum_layer_type();
[[nodiscard]] LayerType minimum_layer_type();
[[nodiscard]] LayerType multi_head_attention_layer_type();
[[nodiscard]] LayerType multiply_layer_type();
[[nodiscard]] LayerType normalization_layer_type();
[[nodiscard]] LayerType permute_layer_type();
[[nodiscard]] LayerType prelu_layer_type();
[[nodiscard]] LayerType random_brightness_layer_type();
[[nodiscard]] LayerType random_contrast_layer_type();
[[nodiscard]] LayerType random_flip_layer_type();
[[nodiscard]] LayerType random_rotation_layer_type();
[[nodiscard]] LayerType random_translation_layer_type();
[[nodiscard]] LayerType random_zoom_layer_type();
[[nodiscard]] LayerType relu_layer_type();
[[nodiscard]] LayerType repeat_vector_layer_type();
[[nodiscard]] LayerType rescaling_layer_type();
[[nodiscard]] LayerType reshape_layer_type();
[[nodiscard]] LayerType resizing_layer_type();
[[nodiscard]] LayerType rms_normalization_layer_type();
[[nodiscard]] LayerType rnn_layer_type();
[[nodiscard]] LayerType separable_conv1d_layer_type();
[[nodiscard]] LayerType separable_conv2d_layer_type();
[[nodiscard]] LayerType simple_rnn_layer_type();
[[nodiscard]] LayerType softmax_layer_type();
[[nodiscard]] LayerType spatial_dropout1d_layer_type();
[[nodiscard]] LayerType spatial_dropout2d_layer_type();
[[nodiscard]] LayerType spatial_dropout3d_layer_type();
[[nodiscard]] LayerType subtract_layer_type();
[[nodiscard]] LayerType time_distributed_layer_type();
[[nodiscard]] LayerType unit_normalization_layer_type();
[[nodiscard]] LayerType up_sampling1d_layer_type();
[[nodiscard]] LayerType up_sampling2d_layer_type();
[[nodiscard]] LayerType zero_padding1d_layer_type();
[[nodiscard]] LayerType zero_padding2d_layer_type();
[[nodiscard]] LayerType zero_padding3d_layer_type();

/// Reads the activation at `key`: a name, or Keras' {"class_name": "function", "config": name}; linear if
/// absent. Throws Error(Model).
[[nodiscard]] const Activation& read_activation(ConfigReader& config, std::string_view key);

/// The width of the activation's output rows. Throws Error(Model) for softmax and similar functions of one
/// unit, whose result is constant, and for glu of an odd width.
std::int64_t activated_width(const Layer& layer, const Activation& activation, std::int64_t width);

/// The backward pass of a layer that only applies an activation. Uses the gradients of the output and of the
/// logits, if given, and writes that of the input, if needed.
void backward_through(const Activation& activation, std::int64_t rows, std::int64_t width,
                      const LayerGradients& gradients);

}  // namespace kairos::host
