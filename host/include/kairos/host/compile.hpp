// SPDX-License-Identifier: MIT
// Makes a model that can be trained out of an architecture and the names of optimizer, loss and metrics.
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

/// Where the architecture comes from: `file`, or else `text`.
struct ModelSource {
  /// Keras JSON, as `model.to_json()` writes it; or a model that was saved (.keras, .h5), of which the
  /// architecture and the weights are taken. How it is trained is what CompileOptions say.
  std::filesystem::path file;
  std::string text;  ///< Keras JSON, or a shorthand: "dense(64,relu) dropout(0.2) dense(10,softmax)"
  /// Shape of one sample of the data, for an architecture that names none; one that does must agree. May be
  /// empty.
  std::vector<std::int64_t> input_shape;
  /// The same by the name of the input, for architectures of several inputs that leave a length to the data
  /// (Keras' Input(shape=(None,))).
  std::map<std::string, std::vector<std::int64_t>> input_shapes = {};
  /// Stands for lengths that neither the architecture nor a shape says; 0: that is an error.
  std::int64_t open_length = 0;
  /// Files of a newer Keras may hold arguments that this version does not know. One whose value is null,
  /// false, 0 or empty is ignored with a warning to `messages`; `strict` makes all but null an error. Any
  /// other value is an error.
  bool strict = false;
  MessageSink messages = {};
  std::string name = {};  ///< what messages call the model; default: the file, or "model"
};

/// L are the losses of a batch, w their weights, N their number.
enum class LossReduction {
  SumOverBatchSize,      ///< Σ(w·L) / N, as Keras 3 does by default
  MeanWithSampleWeight,  ///< Σ(w·L) / Σw; 0 if all weights are
  Sum,                   ///< Σ(w·L)
};

/// What the products of dense layers and convolutions multiply. All else is float32: the sums of the
/// products, the weights that an optimizer keeps, biases, activations, losses, recurrent layers, and files.
enum class Precision {
  Float32,
  Bf16,  ///< factors rounded to bfloat16 for each product; for processors with AVX512_BF16 or AMX
};

/// What one output of several has for itself. What is left out here is taken from CompileOptions.
struct OutputOptions {
  std::string loss;  ///< "none": nothing is learnt from this output, and it has no target
  std::optional<double> loss_weight;
  std::vector<std::string> metrics;
  std::vector<std::string> weighted_metrics;
};

struct CompileOptions {
  /// "adam", "SGD(learning_rate=0.1,momentum=0.9)", or Keras JSON {"class_name", "config"}.
  std::string optimizer = "rmsprop";
  /// "mse", "binary_crossentropy(from_logits=true)"; for every output that has none of its own in `outputs`.
  /// An output without a loss has no target. Without any loss the model can only predict.
  std::string loss;
  double loss_weight = 1;                     ///< the loss of an output is multiplied by it in the total
  std::vector<std::string> metrics;           ///< not weighted; of every output that has a loss
  std::vector<std::string> weighted_metrics;  ///< weighted by the sample weights
  /// Of losses that name none: "mse(reduction=sum)".
  LossReduction loss_reduction = LossReduction::SumOverBatchSize;
  std::map<std::string, OutputOptions> outputs;  ///< by the name of the output
  Precision precision = Precision::Float32;
  /// Fixes initial weights and dropout.
  std::uint64_t seed = 0;
};

/// Throws Error(Model) for what cannot be trained, a precision that the processor does not have included,
/// Error(File) for a file that cannot be read or is no JSON.
[[nodiscard]] std::unique_ptr<Model> compile(const ModelSource& source, const CompileOptions& options);

/// What is not read as written in an optimizer that `compile` takes, as a sentence for the user: the `decay`
/// of Keras 1 and 2. "" mostly.
[[nodiscard]] std::string optimizer_note(std::string_view optimizer);

/// Full Keras 3 JSON for any architecture that `compile` takes.
[[nodiscard]] std::string keras_json(const ModelSource& source);

/// "sum_over_batch_size" (or "mean"), "mean_with_sample_weight" or "sum". Throws Error(Model).
[[nodiscard]] LossReduction loss_reduction(const std::string& name);

/// "float32" or "bf16". Throws Error(Model).
[[nodiscard]] Precision precision(const std::string& name);

}  // namespace kairos::host
