// SPDX-License-Identifier: MIT
// The loss and the metrics of one output.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compute/buffer.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"

namespace kairos::host {

/// Allocates nothing once a batch size has been seen.
class Head {
 public:
  /// Throws Error(Model) if the loss or a metric does not fit the output.
  Head(const Port& output, const CompileOptions& options);

  [[nodiscard]] const Port& target() const noexcept { return target_; }
  [[nodiscard]] std::string target_fault(const float* target) const;
  /// Unweighted metrics first, then weighted ones.
  [[nodiscard]] std::vector<LogKey> metric_keys() const;

  void reset();
  /// As Metric::visit_sums, of every metric.
  void visit_sums(const SumVisitor& visit);
  /// The activation whose logits the loss can use; "" if there is none.
  [[nodiscard]] std::string_view activation() const { return loss_->activation(); }
  [[nodiscard]] const Loss& loss() const noexcept { return *loss_; }

  /// Updates the metrics with the batch and returns its loss; keeps what `gradient` needs. `mask` says which
  /// timesteps count and may be null. If `logits` is given, `output` is activation() of it, and the loss is
  /// computed from the logits.
  double evaluate(std::int64_t samples, const float* target, const float* output, const float* logits,
                  const WeightView& weights, const float* mask);
  /// Writes d loss / d output of the batch last evaluated, or d loss / d logits if logits were given.
  void gradient(std::int64_t samples, const float* target, const float* output, float* gradient);
  /// Writes results in the order of metric_keys(); returns the end.
  double* read_metrics(double* values) const;

 private:
  WeightView weights_with_mask(std::int64_t samples, const WeightView& weights, const WeightView& mask);

  std::unique_ptr<Loss> loss_;
  LossReduction reduction_;
  std::int64_t features_;
  std::int64_t rows_per_sample_;
  std::int64_t steps_;      ///< timesteps in a mask
  bool by_logits_ = false;  ///< the batch last evaluated had logits
  Port target_;
  std::vector<NamedMetric> metrics_;
  std::vector<NamedMetric> weighted_metrics_;
  FloatBuffer each_;
  FloatBuffer scale_;
  FloatBuffer masked_weights_;
};

}  // namespace kairos::host
