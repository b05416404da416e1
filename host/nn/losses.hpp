// SPDX-License-Identifier: MIT
// Keras 3's loss functions, their gradients, and the reduction of a batch to one number.
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

/// What the target of an output of `features` values is.
enum class TargetKind {
  Values,  ///< `features` values
  Label,   ///< one integer class label
};

/// How a loss interprets an output.
enum class OutputMeaning { Values, Probabilities, Logits };

/// A row is the `features` values of the output's last dimension; each row has one loss.
class Loss {
 public:
  virtual ~Loss() = default;

  /// Keras' full name: "mean_squared_error".
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual TargetKind target_kind() const { return TargetKind::Values; }

  /// Throws Error(Model) if the loss does not allow an output of that width.
  virtual void check_output(std::int64_t features) const = 0;
  /// The shape of one sample's output, before the first batch. Throws Error(Model) if the loss does not allow
  /// it.
  virtual void take_shape(const std::vector<std::int64_t>& sample) { (void)sample; }
  /// Whether the loss of a row depends on other samples of the batch. The gradient of a batch is then not the
  /// sum of those of its parts.
  [[nodiscard]] virtual bool couples_samples() const { return false; }
  /// The label of rows that have no loss and do not count in means; none if all rows count.
  [[nodiscard]] virtual std::optional<float> ignored_label() const { return std::nullopt; }
  /// How many values Keras sums in place of those of `rows` rows, for a loss of larger or smaller groups.
  [[nodiscard]] virtual double values_of_rows(std::int64_t samples, std::int64_t rows, bool weighted) const {
    (void)samples, (void)weighted;
    return static_cast<double>(rows);
  }
  /// What is wrong with the target of one row; "" for a valid one.
  [[nodiscard]] virtual std::string target_fault(std::int64_t features, const float* target) const = 0;

  /// each[row] = loss of the row.
  virtual void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                      float* each) const = 0;
  /// gradient = scale[row] * d each[row] / d output.
  virtual void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                        const float* scale, float* gradient) const = 0;

  /// The activation that the loss expects before it; "" for none. If the last layer has it, the loss is
  /// computed from the logits, which is exact for arbitrarily small probabilities.
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
  /// The same loss for probabilities over the classes, if the target is a class label; else null.
  [[nodiscard]] virtual std::unique_ptr<Loss> of_probabilities() const { return nullptr; }
  /// Whether the loss expects probabilities or logits, or neither.
  [[nodiscard]] virtual OutputMeaning output_meaning() const { return OutputMeaning::Values; }
};

/// By name, alias or Keras class name: "mse", "MeanSquaredError", "binary_crossentropy(label_smoothing=0.1)".
/// The argument `reduction` is ignored; see `own_reduction`. Throws Error(Model).
[[nodiscard]] std::unique_ptr<Loss> make_loss(std::string_view text);
[[nodiscard]] std::unique_ptr<Loss> make_loss(const CallText& call);
/// The argument `reduction` of a loss, as in "mse(reduction=sum)". Throws Error(Model).
[[nodiscard]] std::optional<LossReduction> own_reduction(const CallText& loss);
/// Keras' name of the reduction.
[[nodiscard]] std::string_view reduction_name(LossReduction reduction);
/// Whether make_loss knows the name.
[[nodiscard]] bool is_loss_name(std::string_view name);
[[nodiscard]] std::vector<std::string> loss_names();
/// Keras' class for a name or alias: "BinaryCrossentropy". Other names are returned unchanged.
[[nodiscard]] std::string loss_class_name(std::string_view name);

/// The loss of a batch, and what the sum over its rows was divided by.
struct ReducedLoss {
  double loss;
  double divisor;
};

/// Reduces the losses of the rows. `scale` receives the factor of each row's gradient.
/// `scale` has samples * rows_per_sample values. Weights are per sample, or per row of a sample. `mask` is 1
/// for each timestep that counts: the mean is over those, whatever their weights (Keras 3).
[[nodiscard]] ReducedLoss reduce_losses(LossReduction reduction, std::int64_t samples,
                                        std::int64_t rows_per_sample, const float* each,
                                        const WeightView& weights, float* scale, const WeightView& mask = {});

}  // namespace kairos::host
