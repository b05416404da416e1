// SPDX-License-Identifier: MIT
// Metrics that stream over an epoch: exact for any split into batches.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/model.hpp"
#include "nn/losses.hpp"

namespace kairos::host {

/// Outputs and targets of a batch. A row is `features` values of the output.
struct MetricBatch {
  std::int64_t samples;
  std::int64_t rows_per_sample;
  std::int64_t features;
  const float* target;
  const float* output;
  WeightView weights;
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual void reset() = 0;
  /// Allocates nothing once the batch size has been seen.
  virtual void update(const MetricBatch& batch) = 0;
  /// 0 before the first update, and where all weights are 0.
  [[nodiscard]] virtual double result() const = 0;
};

/// A metric and the key it has in the logs.
struct NamedMetric {
  LogKey key;
  std::unique_ptr<Metric> metric;
};

/// What a metric has to know of the output that it is for.
struct MetricSite {
  std::int64_t features;   ///< last dimension of the output
  TargetKind target_kind;  ///< as the loss has it
};

/// `text` is a name, alias or Keras class name, with arguments or without: "mae", "AUC(num_thresholds=100)",
/// "Precision(thresholds=0.7,name=strict)"; "accuracy" and "crossentropy" become the one that fits the site,
/// as in Keras 3. The key is the name if there is one, else what the user wrote; of a class with arguments
/// the name of its instances ("auc"). Throws Error(Model).
[[nodiscard]] NamedMetric make_metric(std::string_view text, const MetricSite& site);

/// What Keras writes of it in a compiled model: its name, or class and arguments.
[[nodiscard]] nlohmann::json metric_json(std::string_view text);

/// Which way a metric of this name gets better; Unknown for a name that is no metric and no loss.
[[nodiscard]] Direction metric_direction(std::string_view name);

/// Which way a key of the logs improves, by its name: a metric or loss, after an optional "val_" and output
/// name.
[[nodiscard]] Direction log_direction(std::string_view key);

/// Gives the keys Keras' names where some are equal: "accuracy", "accuracy_1"; among the weighted ones
/// "weighted_accuracy", "weighted_accuracy_1".
void name_metrics(std::vector<NamedMetric>& plain, std::vector<NamedMetric>& weighted);

}  // namespace kairos::host
