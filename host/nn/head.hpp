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
  /// Whether class labels may be replaced by probabilities over the classes.
  [[nodiscard]] bool takes_probabilities() const noexcept { return soft_loss_ != nullptr; }
  /// As target_fault, for probabilities.
  [[nodiscard]] std::string soft_target_fault(const float* target) const;
  /// Unweighted metrics first, then weighted ones.
  [[nodiscard]] std::vector<LogKey> metric_keys() const;

  void reset();
  /// As Metric::visit_sums, of every metric.
  void visit_sums(const SumVisitor& visit);
  /// As Metric::align_sums, of every metric.
  void align_sums(const SumVisitor& add);
  /// The activation whose logits the loss can use; "" if there is none.
  [[nodiscard]] std::string_view activation() const { return loss_->activation(); }
  [[nodiscard]] const Loss& loss() const noexcept { return *loss_; }
  [[nodiscard]] LossReduction reduction() const noexcept { return reduction_; }
  /// Whether some rows of a batch may not count, whatever its mask.
  /// The key of a metric that is one value of a whole batch; null if there is none.
  [[nodiscard]] const std::string* coupling_metric() const;
  [[nodiscard]] bool ignores_rows() const { return loss_->ignored_label().has_value(); }

  /// What an output is compared with. `soft`: probabilities in place of class labels.
  struct Goal {
    const float* target;
    bool soft;
    WeightView weights;
  };

  /// Updates the metrics with the batch and returns its loss; keeps what `gradient` needs. `mask` says which
  /// timesteps count and may be null. If `logits` is given, `output` is activation() of it, and the loss is
  /// computed from the logits.
  double evaluate(std::int64_t samples, const Goal& goal, const float* output, const float* logits,
                  const float* mask);
  /// The loss of each sample of the batch last evaluated, before weights: the mean over its rows, of those
  /// that `mask` counts. `mask` is that of the batch. Borrowed until the next call.
  [[nodiscard]] float* sample_losses(std::int64_t samples, const float* mask);
  /// Writes d loss / d output of the batch last evaluated, or d loss / d logits if logits were given.
  void gradient(std::int64_t samples, const float* target, const float* output, float* gradient);
  /// What the loss and the gradient of the batch last evaluated were divided by.
  [[nodiscard]] double divisor() const noexcept { return divisor_; }
  /// Writes results in the order of metric_keys(); returns the end.
  double* read_metrics(double* values) const;

 private:
  /// `mask` without the rows of the label that the loss ignores.
  WeightView rows_that_count(std::int64_t samples, const float* target, const WeightView& mask);
  void sum_groups(std::int64_t samples, bool weighted, ReducedLoss& reduced);
  void update_metrics(std::int64_t samples, const Goal& goal, const float* output, const WeightView& mask);
  [[nodiscard]] const float* likeliest_classes(std::int64_t rows, const float* probabilities);
  WeightView weights_with_mask(std::int64_t samples, const WeightView& weights, const WeightView& mask);

  std::unique_ptr<Loss> loss_;
  std::unique_ptr<Loss> soft_loss_;      ///< for probabilities in place of class labels; may be null
  const Loss* last_loss_ = loss_.get();  ///< that of the batch last evaluated
  LossReduction reduction_;
  std::int64_t features_;
  std::int64_t rows_per_sample_;
  std::int64_t steps_;      ///< timesteps in a mask
  bool by_logits_ = false;  ///< the batch last evaluated had logits
  double divisor_ = 1;
  Port target_;
  std::vector<NamedMetric> metrics_;
  std::vector<NamedMetric> weighted_metrics_;
  FloatBuffer each_;
  FloatBuffer scale_;
  FloatBuffer masked_weights_;
  FloatBuffer counted_rows_;  ///< of the batch last evaluated, if the loss ignores a label
  FloatBuffer labels_;
  FloatBuffer sample_losses_;
};

}  // namespace kairos::host
