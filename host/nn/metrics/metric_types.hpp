// SPDX-License-Identifier: MIT
// Every metric that is neither an accuracy nor a loss, by family, and what they are made of.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/keras/config_reader.hpp"
#include "nn/metrics.hpp"

namespace kairos::host {

struct MetricType {
  std::vector<std::string> names;  ///< the first is the key in the logs, the last Keras' class
  Direction direction;
  TargetKind target_kind;
  std::int64_t least_features;
  std::unique_ptr<Metric> (*make)(ConfigReader& config, const MetricSite& site);
  /// Arguments whose default is another one than Keras'; null if there are none.
  const char* defaults_json = nullptr;
};

[[nodiscard]] std::vector<MetricType> regression_metrics();
[[nodiscard]] std::vector<MetricType> confusion_metrics();
[[nodiscard]] std::vector<MetricType> top_k_metrics();

/// The weight of a row, which is 1 without weights.
[[nodiscard]] inline double weight_of(const MetricBatch& batch, std::int64_t row) {
  if (batch.weights.values == nullptr) return 1;
  return static_cast<double>(batch.weights.values[row / (batch.rows_per_sample / batch.weights.per_sample)]);
}

/// Σ(w·value) / Σw over all rows since the reset, in double.
class Mean {
 public:
  void reset() { sum_ = weight_ = 0; }
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
