// SPDX-License-Identifier: MIT
// Creates a trainable model from an architecture and the names of an optimizer, losses and metrics.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// The source of the architecture: `file`, or `text` if `file` is empty.
struct ModelSource {
  /// Keras JSON, as `model.to_json()` writes it, or a saved model (.keras, .h5), whose architecture and
  /// weights are used. Its training configuration is ignored in favour of CompileOptions.
  std::filesystem::path file;
  std::string text;  ///< Keras JSON, or a shorthand: "dense(64,relu) dropout(0.2) dense(10,softmax)"
  /// Shape of one sample of the data. Required if the architecture does not specify an input shape, else it
  /// must match. May be empty.
  std::vector<std::int64_t> input_shape;
  /// The same by input name, for architectures with several inputs that leave a length open (Keras'
  /// Input(shape=(None,))).
  std::map<std::string, std::vector<std::int64_t>> input_shapes = {};
  /// Value for open lengths that no shape specifies; 0: such a length is an error.
  std::int64_t open_length = 0;
  /// Files of a newer Keras may contain arguments that this version does not know. If the value is null,
  /// false, 0 or empty, the argument is ignored with a warning to `messages`; with `strict`, only null is
  /// ignored. Any other value is an error.
  bool strict = false;
  MessageSink messages = {};
  std::string name = {};  ///< the model's name in messages; default: the file, or "model"
};

/// How the losses L of a batch become one number; w are their weights, N is their number.
enum class LossReduction {
  SumOverBatchSize,      ///< Σ(w·L) / N, Keras 3's default
  MeanWithSampleWeight,  ///< Σ(w·L) / Σw; 0 if all weights are 0
  Sum,                   ///< Σ(w·L)
};

/// The precision of the factors in products of dense layers and convolutions. Everything else is float32:
/// sums of products, the optimizer's weights, biases, activations, losses, recurrent layers and files.
enum class Precision {
  Float32,
  Bf16,  ///< factors rounded to bfloat16; requires AVX512_BF16 or AMX
};

/// Options of one output. Missing ones are taken from CompileOptions.
struct OutputOptions {
  std::string loss;  ///< "none": the output has no loss and no target
  std::optional<double> loss_weight;
  std::vector<std::string> metrics;
  std::vector<std::string> weighted_metrics;
};

struct CompileOptions {
  /// "adam", "SGD(learning_rate=0.1,momentum=0.9)", or Keras JSON {"class_name", "config"}.
  std::string optimizer = "rmsprop";
  /// "mse", "binary_crossentropy(from_logits=true)": the loss of every output without its own in `outputs`.
  /// An output without a loss has no target. A model without any loss can only predict.
  std::string loss;
  double loss_weight = 1;                     ///< factor of each output's loss in the total loss
  std::vector<std::string> metrics;           ///< unweighted; for every output that has a loss
  std::vector<std::string> weighted_metrics;  ///< weighted by the sample weights
  /// The reduction of losses that do not specify one, as "mse(reduction=sum)" does.
  LossReduction loss_reduction = LossReduction::SumOverBatchSize;
  std::map<std::string, OutputOptions> outputs;  ///< by output name
  Precision precision = Precision::Float32;
  /// On several ranks, BatchNormalization measures the batch of all of them, as its argument
  /// synchronized=true does; otherwise each rank measures its own part.
  bool synchronizes_batch_norm = false;
  /// Determines initial weights and dropout.
  std::uint64_t seed = 0;
};

/// Throws Error(Model) for models or options that are not supported, including a precision that the processor
/// lacks, and Error(File) for a file that cannot be read or is not JSON.
[[nodiscard]] std::unique_ptr<Model> compile(const ModelSource& source, const CompileOptions& options);

/// A note for the user if part of an optimizer that `compile` accepts is interpreted differently than written
/// (the `decay` of Keras 1 and 2); usually "".
[[nodiscard]] std::string optimizer_note(std::string_view optimizer);

/// Complete Keras 3 JSON of any architecture that `compile` accepts.
[[nodiscard]] std::string keras_json(const ModelSource& source);

/// "sum_over_batch_size" (or "mean"), "mean_with_sample_weight" or "sum". Throws Error(Model).
[[nodiscard]] LossReduction loss_reduction(const std::string& name);

/// "float32" or "bf16". Throws Error(Model).
[[nodiscard]] Precision precision(const std::string& name);

}  // namespace kairos::host
