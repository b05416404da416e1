// SPDX-License-Identifier: MIT
// Loss functions as Keras 3 computes them, their gradients, and how a batch of them becomes one number.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

struct CallText;

/// What a target says about an output of `features` values.
enum class TargetKind {
  Values,  ///< as many values
  Label,   ///< one class number
};

/// What a loss takes an output for.
enum class OutputMeaning { Values, Probabilities, Logits };

/// A row is `features` values of the output (its last dimension); every row has one loss.
class Loss {
 public:
  virtual ~Loss() = default;

  /// Keras' full name: "mean_squared_error".
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual TargetKind target_kind() const { return TargetKind::Values; }

  /// Throws Error(Model) if no output of that width can ever be trained with this loss.
  virtual void check_output(std::int64_t features) const = 0;
  /// What is wrong with the target of one row; "" if nothing is.
  [[nodiscard]] virtual std::string target_fault(std::int64_t features, const float* target) const = 0;

  /// each[row] = loss of the row.
  virtual void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                      float* each) const = 0;
  /// gradient = scale[row] * d each[row] / d output.
  virtual void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                        const float* scale, float* gradient) const = 0;

  /// The activation of which the loss takes the output for the result; "" for none. Where it is that, the
  /// loss can be had from what the activation was applied to: exactly, however small a probability is.
  [[nodiscard]] virtual std::string_view activation() const { return ""; }
  /// As `values`; output = activation(logits).
  virtual void values_from_logits(std::int64_t rows, std::int64_t features, const float* target,
                                  const float* logits, const float* output, float* each) const {
    (void)rows, (void)features, (void)target, (void)logits, (void)output, (void)each;
  }
  /// gradient = scale[row] * d each[row] / d logits.
  virtual void gradient_by_logits(std::int64_t rows, std::int64_t features, const float* target,
                                  const float* output, const float* scale, float* gradient) const {
    (void)rows, (void)features, (void)target, (void)output, (void)scale, (void)gradient;
  }
  /// Whether the loss takes the output for probabilities, or for the logits of probabilities.
  [[nodiscard]] virtual OutputMeaning output_meaning() const { return OutputMeaning::Values; }
};

/// By name, alias or Keras class name: "mse", "MeanSquaredError", "binary_crossentropy(label_smoothing=0.1)".
/// A reduction among the arguments is left to `own_reduction`. Throws Error(Model).
[[nodiscard]] std::unique_ptr<Loss> make_loss(std::string_view text);
[[nodiscard]] std::unique_ptr<Loss> make_loss(const CallText& call);
/// What an output's loss says of its reduction: "mse(reduction=sum)". Throws Error(Model).
[[nodiscard]] std::optional<LossReduction> own_reduction(const CallText& loss);
/// What Keras calls it.
[[nodiscard]] std::string_view reduction_name(LossReduction reduction);
/// Whether make_loss knows the name.
[[nodiscard]] bool is_loss_name(std::string_view name);
[[nodiscard]] std::vector<std::string> loss_names();
/// Keras' class for a name or alias: "BinaryCrossentropy". A name that is no loss is returned as it is.
[[nodiscard]] std::string loss_class_name(std::string_view name);

/// The loss of a batch, and what each row's gradient is multiplied by.
/// `scale` has room for samples * rows_per_sample. Weights are per sample, or per row of a sample. `mask` has
/// a 1 for each timestep that counts: the mean is over those, whatever their weights (Keras 3).
[[nodiscard]] double reduce_losses(LossReduction reduction, std::int64_t samples,
                                   std::int64_t rows_per_sample, const float* each, const WeightView& weights,
                                   float* scale, const WeightView& mask = {});

}  // namespace kairos::host
