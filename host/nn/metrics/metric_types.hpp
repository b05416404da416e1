// SPDX-License-Identifier: MIT
// The families of metrics besides accuracies and losses, and their common parts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/keras/config_reader.hpp"
#include "nn/metrics.hpp"

namespace kairos::host {

struct MetricType {
  std::vector<std::string> names;  ///< the first is the key in the logs, the last Keras' class
  Direction direction;
  std::optional<TargetKind> target_kind;  ///< empty: any
  std::int64_t least_features;
  std::unique_ptr<Metric> (*make)(ConfigReader& config, const MetricSite& site);
  /// Arguments whose defaults differ from Keras'; null if there are none.
  const char* defaults_json = nullptr;
};

/// Of every family.
[[nodiscard]] const std::vector<MetricType>& all_metrics();
[[nodiscard]] std::vector<MetricType> regression_metrics();
[[nodiscard]] std::vector<MetricType> confusion_metrics();
[[nodiscard]] std::vector<MetricType> top_k_metrics();
[[nodiscard]] std::vector<MetricType> auc_metrics();
[[nodiscard]] std::vector<MetricType> count_metrics();
[[nodiscard]] std::vector<MetricType> operating_point_metrics();
[[nodiscard]] std::vector<MetricType> iou_metrics();
[[nodiscard]] std::vector<MetricType> correlation_metrics();

/// The weight of a row; 1 without weights.
[[nodiscard]] inline double weight_of(const MetricBatch& batch, std::int64_t row) {
  if (batch.weights.values == nullptr) return 1;
  return static_cast<double>(batch.weights.values[row / (batch.rows_per_sample / batch.weights.per_sample)]);
}

/// Calls `visit(target, output, weight)` for each row; the target of a row has `target_size` values.
template <class Visit>
void for_each_row(const MetricBatch& batch, std::int64_t target_size, Visit visit) {
  for (std::int64_t row = 0; row < batch.samples * batch.rows_per_sample; ++row)
    visit(batch.target + row * target_size, batch.output + row * batch.features, weight_of(batch, row));
}

/// As for_each_row, but rows that follow each other and have the same weight are visited together, if a
/// target has as many values as an output: `visit(n, target, output, weight)`.
template <class Visit>
void for_each_run(const MetricBatch& batch, Visit visit) {
  const std::int64_t rows = batch.samples * batch.rows_per_sample;
  for (std::int64_t row = 0, next = 0; row < rows; row = next) {
    const double weight = weight_of(batch, row);
    next = batch.weights.values == nullptr ? rows : row + 1;
    while (next < rows && weight_of(batch, next) == weight) ++next;
    const std::int64_t first = row * batch.features;
    visit((next - row) * batch.features, batch.target + first, batch.output + first, weight);
  }
}

/// Σ(w·value) / Σw over all rows since the reset, in double.
class Mean {
 public:
  void reset() { sum_ = weight_ = 0; }
  void visit_sums(const SumVisitor& visit) {
    for (double* const one : {&sum_, &weight_}) visit({one, 1});
  }
  void add(double value, double weight) {
    sum_ += weight * value;
    weight_ += weight;
  }
  [[nodiscard]] double result() const { return weight_ == 0 ? 0.0 : sum_ / weight_; }

 private:
  double sum_ = 0;
  double weight_ = 0;
};

}  // namespace kairos::host
