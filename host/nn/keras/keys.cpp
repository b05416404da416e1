// SPDX-License-Identifier: MIT
// The table of known keys, and the rules for unknown ones.
#include "nn/keras/keys.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "kairos/host/error.hpp"
#include "nn/keras/config_reader.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view remove = "Remove it from the layer";
constexpr std::string_view last_channels = "Move the channels to the last dimension";
constexpr std::string_view no_lora = "Save the model before enable_lora()";
constexpr std::string_view not_quantized = "Save the model before quantize()";
constexpr std::string_view dense_data = "Give dense data";

// clang-format off
/// Keys of Keras 2.0 to 3.15 that the reader of the object does not read, sorted by object.
constexpr std::array key_rules{
    // Every layer.
    KeyRule{"layer", "build_config", any_value, "", ""},
    KeyRule{"layer", "autocast", any_value, "", ""},
    KeyRule{"layer", "experimental_autocast", any_value, "", ""},  // TensorFlow's Keras
    KeyRule{"layer", "dynamic", "[false]", "", remove},
    KeyRule{"layer", "lora_rank", "", "", no_lora},
    KeyRule{"layer", "lora_alpha", any_value, "lora_rank", ""},
    KeyRule{"layer", "quantization_config", "[{}, false]", "", not_quantized},
    KeyRule{"layer", "quantization_mode", "[false]", "", not_quantized},
    KeyRule{"layer", "gptq_unpacked_column_size", any_value, "quantization_config", ""},
    KeyRule{"layer", "remat_mode", any_value, "", ""},             // less memory, same results
    // Some layers.
    KeyRule{"BatchNormalization", "adjustment", "", "", remove},
    KeyRule{"BatchNormalization", "fused", any_value, "", ""},     // another implementation, same results
    KeyRule{"BatchNormalization", "renorm", "[false]", "", remove},
    KeyRule{"BatchNormalization", "renorm_clipping", "[{}]", "renorm", remove},
    KeyRule{"BatchNormalization", "renorm_momentum", "", "renorm", remove},
    KeyRule{"BatchNormalization", "virtual_batch_size", "", "", remove},
    KeyRule{"Bidirectional", "return_state", "[false]", "", remove},
    KeyRule{"Bidirectional", "stateful", "[false]", "", remove},
    KeyRule{"Embedding", "sparse", "[false]", "", remove},
    KeyRule{"InputLayer", "optional", "[false]", "", remove},
    KeyRule{"InputLayer", "ragged", "[false]", "", dense_data},
    KeyRule{"InputLayer", "sparse", "[false]", "", dense_data},
    KeyRule{"InputLayer", "trainable", any_value, "", ""},
    KeyRule{"InputLayer", "type_spec", "", "", dense_data},
    KeyRule{"InputLayer", "input_tensor", "", "", dense_data},
    KeyRule{"LayerNormalization", "rms_scaling", "[false]", "", remove},
    // Groups of layers, see `groups`.
    KeyRule{"depthwise", "groups", "[1]", "", remove},             // written by Keras 2 without effect
    KeyRule{"image", "data_format", R"(["channels_last"])", "", last_channels},
    KeyRule{"ungrouped", "groups", "[1]", "", remove},             // written by Keras 2
    KeyRule{"separable", "kernel_constraint", any_value, "", ""},  // written by Keras 2 without effect
    KeyRule{"separable", "kernel_initializer", any_value, "", ""},
    KeyRule{"separable", "kernel_regularizer", any_value, "", ""},
    KeyRule{"spatial dropout", "noise_shape", "[[]]", "", remove}, // written by Keras 2
    KeyRule{"recurrent", "implementation", any_value, "", ""},     // another implementation, same results
    KeyRule{"recurrent", "input_dim", any_value, "", ""},          // repeats the input's shape (Keras 2.0)
    KeyRule{"recurrent", "input_length", any_value, "", ""},
    KeyRule{"recurrent", "return_state", "[false]", "", remove},
    KeyRule{"recurrent", "stateful", "[false]", "", "Remove it from the layer: every batch starts from a state of 0"},
    KeyRule{"recurrent", "time_major", "[false]", "", "Put the batch first"},
    KeyRule{"recurrent", "use_cudnn", any_value, "", ""},
    // A model, as a layer or as the file's root.
    KeyRule{"model", "autocast", any_value, "", ""},
    KeyRule{"model", "quantization_config", "[{}, false]", "", not_quantized},
    // Keys beside "config".
    KeyRule{"entry", "backend", any_value, "", ""},
    KeyRule{"entry", "build_config", any_value, "", ""},
    KeyRule{"entry", "class_name", any_value, "", ""},
    KeyRule{"entry", "compile_config", any_value, "", ""},
    KeyRule{"entry", "config", any_value, "", ""},
    KeyRule{"entry", "date_saved", any_value, "", ""},
    KeyRule{"entry", "inbound_nodes", any_value, "", ""},
    KeyRule{"entry", "keras_version", any_value, "", ""},
    KeyRule{"entry", "module", any_value, "", ""},
    KeyRule{"entry", "name", any_value, "", ""},
    KeyRule{"entry", "registered_name", any_value, "", ""},
    KeyRule{"entry", "shared_object_id", any_value, "", ""},
    KeyRule{"entry", "training_config", any_value, "", ""},
    // "dtype".
    KeyRule{"dtype policy", "source_name", any_value, "", ""},
    // Initializers.
    KeyRule{"initializer", "dtype", any_value, "", ""},            // Keras 2; the layer's dtype is used
    KeyRule{"initializer", "input_axes", "[[]]", "", "Leave the axes to the layer"},
    KeyRule{"initializer", "output_axes", "[[]]", "", "Leave the axes to the layer"},
    KeyRule{"initializer", "partition_info", "", "", "Remove it"},
    // Optimizers.
    KeyRule{"optimizer", "dynamic", "[false]", "", "Save the model with the policy float32"},
    KeyRule{"optimizer", "is_legacy_optimizer", "[false]", "", "Remove it"},
    KeyRule{"optimizer", "jit_compile", any_value, "", ""},        // another implementation, same results
    KeyRule{"optimizer", "mesh", "", "", "Remove it"},
    KeyRule{"optimizer", "use_locking", any_value, "", ""},
    // Losses and metrics. Each class checks its own arguments.
    KeyRule{"loss", "alpha", any_value, "", ""},
    KeyRule{"loss", "apply_class_balancing", any_value, "", ""},
    KeyRule{"loss", "average", any_value, "", ""},
    KeyRule{"loss", "axis", any_value, "", ""},
    KeyRule{"loss", "beta", any_value, "", ""},
    KeyRule{"loss", "class_aggregation", any_value, "", ""},
    KeyRule{"loss", "class_id", any_value, "", ""},
    KeyRule{"loss", "curve", any_value, "", ""},
    KeyRule{"loss", "delta", any_value, "", ""},
    KeyRule{"loss", "dtype", any_value, "", ""},
    KeyRule{"loss", "fn", any_value, "", ""},
    KeyRule{"loss", "from_logits", any_value, "", ""},
    KeyRule{"loss", "gamma", any_value, "", ""},
    KeyRule{"loss", "ignore_class", any_value, "", ""},
    KeyRule{"loss", "k", any_value, "", ""},
    KeyRule{"loss", "label_smoothing", any_value, "", ""},
    KeyRule{"loss", "label_weights", any_value, "", ""},
    KeyRule{"loss", "multi_label", any_value, "", ""},
    KeyRule{"loss", "name", any_value, "", ""},
    KeyRule{"loss", "num_classes", any_value, "", ""},
    KeyRule{"loss", "num_labels", any_value, "", ""},
    KeyRule{"loss", "num_regressors", any_value, "", ""},
    KeyRule{"loss", "num_thresholds", any_value, "", ""},
    KeyRule{"loss", "precision", any_value, "", ""},
    KeyRule{"loss", "q", any_value, "", ""},
    KeyRule{"loss", "recall", any_value, "", ""},
    KeyRule{"loss", "reduction", any_value, "", ""},
    KeyRule{"loss", "sensitivity", any_value, "", ""},
    KeyRule{"loss", "sparse_y_pred", any_value, "", ""},
    KeyRule{"loss", "sparse_y_true", any_value, "", ""},
    KeyRule{"loss", "specificity", any_value, "", ""},
    KeyRule{"loss", "summation_method", any_value, "", ""},
    KeyRule{"loss", "target_class_ids", any_value, "", ""},
    KeyRule{"loss", "threshold", any_value, "", ""},
    KeyRule{"loss", "thresholds", any_value, "", ""},
    KeyRule{"loss", "top_k", any_value, "", ""},
    // compile_config and training_config.
    KeyRule{"compile", "auto_scale_loss", any_value, "", ""},      // only affects float16
    KeyRule{"compile", "from_serialized", any_value, "", ""},
    KeyRule{"compile", "is_compiled", any_value, "", ""},
    KeyRule{"compile", "jit_compile", any_value, "", ""},
    KeyRule{"compile", "pss_evaluation_shards", any_value, "", ""},
    KeyRule{"compile", "run_eagerly", any_value, "", ""},
    KeyRule{"compile", "sample_weight_mode", any_value, "", ""},   // follows from the weights
    KeyRule{"compile", "steps_per_execution", any_value, "", ""},
};
// clang-format on

std::string brief(const std::string& key) {
  return "\"" + key.substr(0, 80) + "\"";
}

bool is_off(const nlohmann::json& value) {
  return value.is_null() || value == false || (value.is_number() && value == 0) ||
         ((value.is_array() || value.is_object()) && value.empty()) || (value.is_string() && value == "");
}

struct Group {
  std::string_view name;
  std::string_view class_name;
};
constexpr std::array groups{
    Group{"depthwise", "DepthwiseConv1D"},
    Group{"depthwise", "DepthwiseConv2D"},
    Group{"image", "AveragePooling1D"},
    Group{"image", "AveragePooling2D"},
    Group{"image", "AveragePooling3D"},
    Group{"image", "CenterCrop"},
    Group{"image", "Conv1D"},
    Group{"image", "Conv1DTranspose"},
    Group{"image", "Conv2D"},
    Group{"image", "Conv2DTranspose"},
    Group{"image", "Conv3D"},
    Group{"image", "ConvLSTM2D"},
    Group{"image", "Cropping2D"},
    Group{"image", "Cropping3D"},
    Group{"image", "DepthwiseConv1D"},
    Group{"image", "DepthwiseConv2D"},
    Group{"image", "Flatten"},
    Group{"image", "GlobalAveragePooling1D"},
    Group{"image", "GlobalAveragePooling2D"},
    Group{"image", "GlobalAveragePooling3D"},
    Group{"image", "GlobalMaxPooling1D"},
    Group{"image", "GlobalMaxPooling2D"},
    Group{"image", "GlobalMaxPooling3D"},
    Group{"image", "MaxPooling1D"},
    Group{"image", "MaxPooling2D"},
    Group{"image", "MaxPooling3D"},
    Group{"image", "Resizing"},
    Group{"image", "SeparableConv1D"},
    Group{"image", "SeparableConv2D"},
    Group{"image", "SpatialDropout2D"},
    Group{"image", "SpatialDropout3D"},
    Group{"image", "UpSampling2D"},
    Group{"image", "ZeroPadding1D"},
    Group{"image", "ZeroPadding2D"},
    Group{"image", "ZeroPadding3D"},
    Group{"recurrent", "ConvLSTM2D"},
    Group{"recurrent", "GRU"},
    Group{"recurrent", "LSTM"},
    Group{"recurrent", "RNN"},
    Group{"recurrent", "SimpleRNN"},
    Group{"separable", "SeparableConv1D"},
    Group{"separable", "SeparableConv2D"},
    Group{"spatial dropout", "SpatialDropout1D"},
    Group{"spatial dropout", "SpatialDropout2D"},
    Group{"spatial dropout", "SpatialDropout3D"},
    Group{"ungrouped", "Conv1DTranspose"},
    Group{"ungrouped", "Conv2DTranspose"},
    Group{"ungrouped", "SeparableConv1D"},
    Group{"ungrouped", "SeparableConv2D"},
};

bool applies(const KeyRule& rule, std::string_view kind, std::string_view class_name) {
  return rule.object == kind || rule.object == class_name ||
         std::any_of(groups.begin(), groups.end(), [&](const Group& group) {
           return group.name == rule.object && group.class_name == class_name;
         });
}

/// "foo" of layer "dense" (Dense)
std::string location_text(const std::string& key, const std::string& where, std::size_t count) {
  std::string text = brief(key) + " of " + where;
  if (count > 1) text += " and of " + std::to_string(count - 1) + " more";
  return text;
}

}  // namespace

const KeyRule* find_key_rule(std::string_view kind, std::string_view class_name, std::string_view key) {
  if (kind.empty()) return nullptr;
  const auto* const found = std::find_if(key_rules.begin(), key_rules.end(), [&](const KeyRule& rule) {
    return rule.key == key && applies(rule, kind, class_name);
  });
  return found == key_rules.end() ? nullptr : found;
}

std::vector<std::string> keys_with_rules(std::string_view kind, std::string_view class_name) {
  std::vector<std::string> keys;
  if (kind.empty()) return keys;
  for (const KeyRule& rule : key_rules)
    if (applies(rule, kind, class_name)) keys.emplace_back(rule.key);
  return keys;
}

bool is_neutral(const KeyRule& rule, const nlohmann::json& object, const nlohmann::json& value) {
  if (rule.neutral == any_value) return true;
  if (!rule.depends_on.empty()) {
    const auto other = object.find(std::string(rule.depends_on));
    if (other == object.end() || is_off(*other)) return true;
  }
  if (rule.neutral.empty()) return false;
  const nlohmann::json list = nlohmann::json::parse(rule.neutral);
  return std::find(list.begin(), list.end(), value) != list.end();
}

void UnknownKeys::add(const std::string& where, const std::string& class_name, const std::string& key,
                      const nlohmann::json& value, const std::string& cure) {
  if (!is_off(value))
    throw Error(ErrorKind::Model,
                {"KAIROS-M100", where, "there is no argument " + brief(key), brief_json(value),
                 "only keys that Keras 3.15 writes, or null",
                 cure.empty() ? "Remove it from the file if it changes nothing, or save the model without it"
                              : cure});
  if (!value.is_null() && strict_)
    throw Error(ErrorKind::Model,
                {"KAIROS-M101", where, "there is no argument " + brief(key), brief_json(value),
                 "null, because unknown keys are read strictly",
                 cure.empty() ? "Remove it from the file, or do not read it strictly" : cure});
  const std::string text = value.is_null() ? "" : brief_json(value);
  Finding& finding = (value.is_null() ? nulls_ : neutral_)[class_name + "\n" + key + "\n" + text];
  if (finding.count++ == 0) {
    finding.where = where;
    finding.key = key;
    finding.value = text;
    finding.cure = cure;
  }
}

std::vector<std::string> UnknownKeys::warnings(const std::string& origin) const {
  constexpr std::size_t max_named = 5;
  std::vector<std::string> lines;
  if (!nulls_.empty()) {
    std::string line = origin + ": unknown arguments that are null are ignored: ";
    std::size_t named = 0;
    for (const auto& [unused, finding] : nulls_) {
      if (named++ == max_named) break;
      line += (named > 1 ? ", " : "") + location_text(finding.key, finding.where, finding.count);
    }
    if (nulls_.size() > max_named)
      line += ", and " + std::to_string(nulls_.size() - max_named) + " other arguments";
    lines.push_back(std::move(line));
  }
  for (const auto& [unused, finding] : neutral_)
    lines.push_back(origin + ": the unknown argument " +
                    location_text(finding.key, finding.where, finding.count) + " is ignored; found " +
                    finding.value + ", which usually has no effect" +
                    (finding.cure.empty() ? "" : ". " + finding.cure));
  return lines;
}

}  // namespace kairos::host
