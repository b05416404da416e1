// SPDX-License-Identifier: MIT
// What belongs to one output: its loss, its metrics, and their sums.
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

/// Loss and metrics of one output. Nothing allocates once a batch size has been seen.
class Head {
 public:
  /// Throws Error(Model) if loss or metrics cannot go with that output.
  Head(const Port& output, const CompileOptions& options);

  [[nodiscard]] const Port& target() const noexcept { return target_; }
  [[nodiscard]] std::string target_fault(const float* target) const;
  /// Plain first, then weighted.
  [[nodiscard]] std::vector<LogKey> metric_keys() const;

  void reset();
  /// The activation from whose logits the loss can be computed; "" for none.
  [[nodiscard]] std::string_view activation() const { return loss_->activation(); }
  [[nodiscard]] const Loss& loss() const noexcept { return *loss_; }

  /// Counts the batch in the metrics and returns its loss; keeps what `gradient` needs.
  /// `mask` says which timesteps count and may be null. With `logits`, of which `output` is the activation(),
  /// the loss is computed from them.
  double evaluate(std::int64_t samples, const float* target, const float* output, const float* logits,
                  const WeightView& weights, const float* mask);
  /// d loss / d output of the batch last evaluated; d loss / d logits, if it had logits.
  void gradient(std::int64_t samples, const float* target, const float* output, float* gradient);
  /// In the order of metric_keys(); returns where they end.
  double* read_metrics(double* values) const;

 private:
  WeightView weights_with_mask(std::int64_t samples, const WeightView& weights, const WeightView& mask);

  std::unique_ptr<Loss> loss_;
  LossReduction reduction_;
  std::int64_t features_;
  std::int64_t rows_per_sample_;
  std::int64_t steps_;      ///< that a mask speaks of
  bool by_logits_ = false;  ///< the batch last evaluated had logits
  Port target_;
  std::vector<NamedMetric> metrics_;
  std::vector<NamedMetric> weighted_metrics_;
  FloatBuffer each_;
  FloatBuffer scale_;
  FloatBuffer masked_weights_;
};

}  // namespace kairos::host
