// SPDX-License-Identifier: MIT
// Metrics, accumulated over an epoch: the result does not depend on the split into batches.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/model.hpp"
#include "nn/losses.hpp"

namespace kairos::host {

/// Outputs and targets of a batch. A row is the `features` values of the output's last dimension.
struct MetricBatch {
  std::int64_t samples;
  std::int64_t rows_per_sample;
  std::int64_t features;
  const float* target;  ///< class labels: where a callback gave probabilities, the likeliest classes
  const float* output;
  WeightView weights;
  const float* probabilities = nullptr;  ///< in place of class labels; else null
};

/// Gets numbers in place, to read or to replace them.
using SumVisitor = std::function<void(std::span<double> sums)>;

class Metric {
 public:
  virtual ~Metric() = default;
  virtual void reset() = 0;
  /// Visits everything that `result` depends on, always as many numbers in the same order.
  virtual void visit_sums(const SumVisitor& visit) = 0;
  /// Prepares sums that are relative to something, such as a mean, so that those of several ranks can be
  /// added. `add` adds numbers of all ranks in place.
  virtual void align_sums(const SumVisitor& add) { (void)add; }
  /// Allocates only for a batch larger than all before.
  virtual void update(const MetricBatch& batch) = 0;
  /// Whether it has one value of a whole batch, which parts of the batch do not add up to.
  [[nodiscard]] virtual bool couples_samples() const { return false; }
  /// 0 before the first update, and if all weights are 0.
  [[nodiscard]] virtual double result() const = 0;
};

/// A metric and its key in the logs.
struct NamedMetric {
  LogKey key;
  std::unique_ptr<Metric> metric;
};

/// The output that a metric is computed from.
struct MetricSite {
  std::int64_t features;                 ///< last dimension of the output
  TargetKind target_kind;                ///< that of the output's loss
  std::vector<std::int64_t> shape = {};  ///< of the output of a sample; empty: one row
  bool ignores_class = false;            ///< whether targets may have a label that the loss ignores
};

/// Every metric by one of its names, for suggestions and help.
[[nodiscard]] std::vector<std::string> metric_names();

/// `text` is a name, alias or Keras class name, with arguments or without: "mae", "AUC(num_thresholds=100)",
/// "Precision(thresholds=0.7,name=strict)"; "accuracy" and "crossentropy" are resolved by the site, as in
/// Keras 3. The key is the argument `name`, else the text of the user, or for a class with arguments the
/// default name of its instances ("auc"). Throws Error(Model).
[[nodiscard]] NamedMetric make_metric(std::string_view text, const MetricSite& site);

/// In the format of Keras' compile configuration: a name, or class and arguments.
[[nodiscard]] nlohmann::json metric_json(std::string_view text);

/// Whether Keras has this metric for such targets: precision, recall, F1 and AUC of labels, or with an
/// average that Keras does not have, are ours.
[[nodiscard]] bool keras_has_metric(std::string_view text, TargetKind targets);

/// Whether larger or smaller values of the metric or loss are better; Unknown for other names.
[[nodiscard]] Direction metric_direction(std::string_view name);

/// The same for a key of the logs: the name of a metric or loss, after an optional "val_" and the name of an
/// output.
[[nodiscard]] Direction log_direction(std::string_view key);

/// Makes equal keys distinct, as Keras does: "accuracy", "accuracy_1"; for weighted metrics
/// "weighted_accuracy", "weighted_accuracy_1".
void name_metrics(std::vector<NamedMetric>& plain, std::vector<NamedMetric>& weighted);

}  // namespace kairos::host
